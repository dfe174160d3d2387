"""Uncertainty budgets: inputs of a measurement model, their rows, and what came of them.

One row per input and none dropped, as JJF 1059.1-2012, 6.4 and `shared` reference metrology 6.2
ask: a) model, b) sources, c) how each u was found, d) sensitivity, e) degrees of freedom,
f) correlations, g) u_c and nu_eff, h) U and how it was determined, i) the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from host.handover.text import Txt

Distribution = Literal[
    "normal", "rectangular", "triangular", "arcsine", "trapezoid", "t", "resolution", "constant"
]


@dataclass(frozen=True, slots=True)
class Input:
    """One input quantity of a measurement model, before anything is propagated.

    symbol: name of the input in the model, unique in a budget. kind: evaluated by statistics of
    observations (A) or by other means (B). estimate: in `unit` (UCUM). u: standard uncertainty in
    `unit`; None means not evaluated, and `evaluation` says why: it is never taken as zero.
    nu: degrees of freedom, inf where u is taken as exactly known. half_width: of rectangular,
    triangular, arcsine and trapezoid distributions, of `resolution` half a step. beta: top over
    base width of a trapezoid. U, k: as a certificate states them. equipment_ref: id of the
    instrument behind it. shared: names the physical error, so that two budgets which have it
    in common are known to be correlated ("" for what is new in each run). n, lags, inflation: of
    Type A from samples: their number, lags taken in, u over the naive s/sqrt(n).
    """

    symbol: str
    name: Txt
    source: Txt
    kind: Literal["A", "B"]
    distribution: Distribution
    estimate: float
    unit: str
    u: float | None
    nu: float
    evaluation: Txt
    half_width: float | None = None
    beta: float | None = None
    U: float | None = None
    k: float | None = None
    equipment_ref: str = ""
    shared: str = ""
    n: int = 0
    lags: int | None = None
    inflation: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """An input with what it does to the result.

    c: sensitivity, d(result)/d(input), in result unit over `Input.unit`. contribution: |c| * u in
    the result's unit. share: contribution squared over u_c squared (without correlation terms).
    All None where the input is not evaluated.
    """

    input: Input
    c: float | None
    contribution: float | None
    share: float | None


@dataclass(frozen=True, slots=True)
class Correlation:
    """Two inputs that vary together: r in [-1, 1], and why."""

    a: str
    b: str
    r: float
    reason: Txt


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """Propagation of distributions (JCGM 101:2008): settings, moments and both intervals.

    mean, u: None where a t input of at most 1, at most 2 degrees of freedom is among the inputs:
    that moment does not exist (JCGM 101, 6.4.9.4), the intervals do.
    delta: numerical tolerance of the validation test (JCGM 101, 8.2). gum_validated: both ends of
    the first-order interval lie within delta of the symmetric one.
    """

    trials: int
    rng: str
    seed: int
    mean: float | None
    u: float | None
    symmetric: tuple[float, float]
    shortest: tuple[float, float]
    delta: float
    gum_validated: bool


@dataclass(frozen=True, slots=True)
class Budget:
    """The whole budget of one result. Symbols as in JCGM 100:2008.

    model: the equation as text. u: combined standard uncertainty over all evaluated rows.
    nu_eff: Welch-Satterthwaite, raw; nu_used: truncated to an integer, for k. k_rule: `t_nu_eff`
    or `mcm_interval`. second_order: u with the second-order terms, where a first-order one
    vanishes (JCGM 100, H.1.7). reason: why there is no U, "" where there is one.
    """

    measurand: str
    model: str
    unit: str
    value: float
    rows: tuple[Row, ...]
    correlations: tuple[Correlation, ...]
    u: float | None
    nu_eff: float | None
    nu_used: float | None
    p: float
    k: float | None
    U: float | None
    k_rule: str
    second_order: float | None = None
    monte_carlo: MonteCarlo | None = None
    reason: str = ""

    @property
    def open_rows(self) -> tuple[str, ...]:
        """Symbols of the inputs that are not evaluated."""
        return tuple(row.input.symbol for row in self.rows if row.input.u is None)
