"""Conformity of a result with a specification: JCGM 106:2012 and ILAC G8:09/2019.

The six outcomes are those of the DCC. A statement exists only whole: specification, limit, rule,
guard band, probability and result (ISO/IEC 17025, 7.8.6; `shared` reference metrology 2.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Final, Literal

from host.compare.critical import student, student_below
from host.errors import UsageError
from host.handover.text import Txt

RuleName = Literal["simple", "guarded", "guarded-rejection", "nonbinary"]
Outcome = Literal["pass", "fail", "conditionalPass", "conditionalFail", "noPass", "noFail"]

# A value on the very edge has the risk alpha but for the last digits of a double.
ROUND_OFF_RATIO = 1e-9

WORDS: Final[dict[Outcome, Txt]] = {
    "pass": Txt("符合", "pass"),
    "fail": Txt("不符合", "fail"),
    "conditionalPass": Txt("有条件符合", "conditional pass"),
    "conditionalFail": Txt("有条件不符合", "conditional fail"),
    "noPass": Txt("不能判为符合", "not shown to pass"),
    "noFail": Txt("不能判为不符合", "not shown to fail"),
}
RULES: Final[dict[RuleName, Txt]] = {
    "simple": Txt(
        "简单接受：测得值在限内即判符合，误判概率可达 50 %",
        "simple acceptance: the value within the limits passes; a wrong decision may be as likely"
        " as 50 %",
    ),
    "guarded": Txt(
        "保护带接受：测得值在内缩保护带后的接受区内才判符合",
        "guarded acceptance: the value passes within limits drawn in by the guard band",
    ),
    "guarded-rejection": Txt(
        "保护带拒绝：测得值超出外扩保护带后的限才判不符合",
        "guarded rejection: the value fails beyond limits drawn out by the guard band",
    ),
    "nonbinary": Txt(
        "非二元判定：保护带内外各分符合与有条件符合、有条件不符合与不符合",
        "non-binary: within a guard band of the limit, pass and fail are conditional",
    ),
}


@dataclass(frozen=True, slots=True)
class Limit:
    """Tolerance limits in the coherent unit of the result; None: open on that side."""

    low: float | None
    high: float | None

    def __post_init__(self) -> None:
        if self.low is None and self.high is None:
            raise UsageError("limit", "neither a lower nor an upper one")
        if not all(isfinite(x) for x in (self.low, self.high) if x is not None):
            raise UsageError("limit", "is no finite number")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise UsageError("limit", f"the lower one, {self.low}, is not below the upper one")

    def inside(self, y: float, w: float = 0.0) -> bool:
        """Whether y lies within limits drawn in by w (drawn out by a negative one)."""
        low, high = self.low, self.high
        return (low is None or y >= low + w) and (high is None or y <= high - w)


@dataclass(frozen=True, slots=True)
class DecisionRule:
    """How an outcome follows. alpha None: guard band w = U; else w = k_w u, k_w of 1 - alpha."""

    name: RuleName
    alpha: float | None = None

    def __post_init__(self) -> None:
        if self.name not in RULES:
            raise UsageError("decision rule", f"{self.name!r} is none of {', '.join(RULES)}")
        if self.alpha is not None and self.name == "simple":
            raise UsageError("decision rule", "simple acceptance has no guard band, so no alpha")
        if self.alpha is not None and not 0 < self.alpha < 0.5:  # noqa: PLR2004 - one half
            raise UsageError("decision rule", f"alpha {self.alpha} is not between 0 and 0.5")


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole statement of conformity. p_c: probability that the quantity is within the limits.

    distribution: what p_c was taken from. specific_risk: of the decision, 1 - p_c of an
    acceptance, p_c of a rejection (JCGM 106, 9.3.2).
    """

    result_id: str
    specification: str
    limit: Limit
    rule: DecisionRule
    w: float
    p_c: float
    distribution: str
    outcome: Outcome
    specific_risk: float


def conformance_probability(y: float, u: float, limit: Limit, nu: float = inf) -> float:
    """p_c = F((T_U - y)/u) - F((T_L - y)/u) (JCGM 106:2012, 7.5).

    F: standard normal for infinite nu; else Student's t, the shape that JCGM 101, 6.4.9 gives to
    a mean of few values.
    """
    if not u > 0:
        raise UsageError("conformity", "needs a standard uncertainty above zero")
    above = 1.0 if limit.high is None else student_below((limit.high - y) / u, nu)
    below = 0.0 if limit.low is None else student_below((limit.low - y) / u, nu)
    return above - below


def guard_factor(alpha: float, nu: float = inf) -> float:
    """k_w, the quantile 1 - alpha: 1.645 for 5 % on one side (JCGM 106, 8.3.2)."""
    return student(1 - alpha, nu)


def outcome_of(y: float, w: float, limit: Limit, rule: RuleName) -> Outcome:
    """The outcome for a guard band of width w; a value on the edge of an interval is inside it."""
    inside = limit.inside(y)
    if rule == "simple":
        return "pass" if inside else "fail"
    if rule == "guarded":
        return "pass" if limit.inside(y, w) else "noPass"
    if rule == "guarded-rejection":
        return "noFail" if limit.inside(y, -w) else "fail"
    if inside:
        return "pass" if limit.inside(y, w) else "conditionalPass"
    return "conditionalFail" if limit.inside(y, -w) else "fail"


def state(
    result: tuple[str, float, float, float, float],
    specification: str,
    limit: Limit,
    rule: DecisionRule,
) -> Statement:
    """The statement on `result`: (id, value, u, nu, U).

    Limits that lie closer together than the guard bands leave nothing to accept: `noPass`. Raises
    UsageError without a specification.
    """
    result_id, y, u, nu, expanded = result
    if not specification.strip():
        raise UsageError("conformity", "a specification must be named (--spec)")
    p_c = conformance_probability(y, u, limit, nu)
    w = _guard(rule, u, nu, expanded)
    outcome = _within_risk(outcome_of(y, w, limit, rule.name), 1 - p_c, rule)
    accepted = outcome in ("pass", "conditionalPass", "noFail")
    return Statement(
        result_id=result_id,
        specification=specification,
        limit=limit,
        rule=rule,
        w=w,
        p_c=p_c,
        distribution="normal" if nu == inf else f"t, nu = {nu:.4g}",
        outcome=outcome,
        specific_risk=1 - p_c if accepted else p_c,
    )


def _within_risk(outcome: Outcome, risk: float, rule: DecisionRule) -> Outcome:
    """No `pass` beyond the risk that was asked for.

    k_w is the factor of one limit; between two limits less than some 6 u apart both tails count
    (JCGM 106, 8.3.2), and a value at the edge of the acceptance interval would exceed alpha.
    """
    if outcome != "pass" or rule.alpha is None or risk <= rule.alpha * (1 + ROUND_OFF_RATIO):
        return outcome
    return "noPass" if rule.name == "guarded" else "conditionalPass"


def _guard(rule: DecisionRule, u: float, nu: float, expanded: float) -> float:
    if rule.name == "simple":
        return 0.0
    return expanded if rule.alpha is None else guard_factor(rule.alpha, nu) * u
