"""Figures against the limits of a plan, as the field of the record. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from host.fidelity.figures import Figure
from host.handover import fidelity as names
from host.handover.divergence import STATED_LIKE, STATED_NAMES
from host.handover.fidelity import (
    NAMES,
    FidelityField,
    FidelityFigure,
    FidelityLimit,
    FidelityPlan,
    Outcome,
    ReferenceHead,
    not_measured,
)
from host.handover.text import Txt
from host.schema.canonical import decimal

# Key of the plan -> the figure it limits, and whether the limit is the largest value allowed.
# Where the run has none of its own, the like of it that a tool on the device stated is limited.
LIMITS: Final[dict[str, tuple[str, bool]]] = {
    "max_mean_kl": (names.KL_MEAN, True),
    "max_p99_kl": (names.KL_P99, True),
    "min_top1_agreement": (names.TOP1, False),
    "max_perplexity_ratio": (names.RATIO, True),
    "min_greedy_agreement": (names.GREEDY, False),
}
RULE: Final = Txt(
    "以两种语言合计的值本身与限值比较，不计其标准误差。",
    "The value over both languages itself is compared with the limit; its standard error is"
    " stated and not used.",
)
_NAMES: Final = {**NAMES, **STATED_NAMES}
_WORDS: Final[dict[Outcome, Txt]] = {
    "reported": Txt(
        "保真度已测得，方案未设限值。", "Fidelity was measured; the plan sets no limit for it."
    ),
    "within-limits": Txt(
        "保真度在方案的全部限值之内。", "Fidelity is within every limit of the plan."
    ),
    "beyond-limits": Txt(
        "保真度超出方案的限值：模型输出与参考不符，速度作废。",
        "Fidelity is beyond a limit of the plan: the model's output is not what it should be, so"
        " its speeds are void.",
    ),
}
VOID_WORDS: Final = Txt(
    "模型给出的分数不是有效的数：速度作废。",
    "The scores that the model gave are no numbers to compare: its speeds are void.",
)
UNSCORED: Final = Txt(
    "方案要求保真度，但没有得到：速度作废或不参与排名。",
    "The plan asks for fidelity and there is none: speeds are void where it sets a limit, and are"
    " not ranked.",
)


def judged(plan: FidelityPlan, head: ReferenceHead, figures: Sequence[Figure]) -> FidelityField:
    """The field for figures that there are."""
    whole = {f.measurand: f.value for f in figures if f.language == "all"}
    limits = tuple(_limits(plan, whole))
    kept = all(limit.kept for limit in limits)
    outcome: Outcome = "reported" if not limits else "within-limits" if kept else "beyond-limits"
    broken = [limit for limit in limits if not limit.kept]
    return _with_reference(
        FidelityField(
            outcome,
            ranked=kept,
            text=_WORDS[outcome],
            reason=f"fidelity-gate: {', '.join(map(_said, broken))}" if broken else "",
            figures=tuple(_field(figure) for figure in figures),
            limits=limits,
            decision_rule=RULE if limits else None,
        ),
        head,
    )


def voided(head: ReferenceHead, reason: str) -> FidelityField:
    """The field for scores that are there and cannot be compared."""
    return _with_reference(
        FidelityField("void", ranked=False, text=VOID_WORDS, reason=reason), head
    )


def missing(plan: FidelityPlan, reason: str) -> FidelityField:
    """The field where the plan asks for fidelity and the folder holds none."""
    return msgspec.structs.replace(not_measured(reason, UNSCORED), limits=tuple(_limits(plan, {})))


def _limits(plan: FidelityPlan, values: dict[str, float]) -> list[FidelityLimit]:
    made = []
    for key, (measurand, largest) in LIMITS.items():
        at = getattr(plan, key)
        if at is None:
            continue
        value = values.get(measurand, values.get(STATED_LIKE.get(measurand, "")))
        kept = value is not None and (value <= at if largest else value >= at)
        said = None if value is None else decimal(value)
        made.append(FidelityLimit(limit=key, at=decimal(at), value=said, kept=kept))
    return made


def _said(limit: FidelityLimit) -> str:
    found = "no such figure" if limit.value is None else f"is {limit.value}"
    return f"{limit.limit} is {limit.at}, it {found}"


def _field(figure: Figure) -> FidelityFigure:
    return FidelityFigure(
        measurand_id=figure.measurand,
        name=_NAMES[figure.measurand],
        language=figure.language,
        value=decimal(figure.value),
        u=None if figure.u is None else decimal(figure.u),
        unit="1",
        n=figure.n,
        positions=figure.positions,
        u_rule=figure.u_rule,
    )


def _with_reference(field: FidelityField, head: ReferenceHead) -> FidelityField:
    counts = {
        language: sum(window.language == language for window in head.windows)
        for language in ("zh", "en")
    }
    engine = {
        k: head.engine[k] for k in ("kind", "library", "library_version") if k in head.engine
    }
    return msgspec.structs.replace(
        field,
        reference={
            "model": msgspec.to_builtins(head.model),
            "engine": engine,
            "logits": "float32",
            "data_sha256": head.data_sha256,
        },
        texts=msgspec.to_builtins(head.texts),
        windows={"n_ctx": head.n_ctx, "scored_from": head.first, **counts},
    )
