"""Results and budgets as the record holds them: decimal strings, UCUM units."""

from __future__ import annotations

from typing import Literal

import msgspec

from host.handover.text import Txt


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is printed: U to two significant digits, value to the same place.

    unit is for people (`token/s`); text is the whole statement, value, U, k and n. interval: the
    two sides of a distribution-free interval in that unit, `…` for a side that n cannot give.
    """

    value: str
    U: str | None
    unit: str
    text: Txt
    interval: tuple[str, str] | None = None


class IntervalField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distribution-free interval of a quantile; a missing side has its reason."""

    low: str | None
    high: str | None
    coverage: str | None
    kind: str
    reason: str = ""


class MonteCarloField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Propagation of distributions, `host.handover.budget.MonteCarlo` as decimal strings."""

    trials: int
    rng: str
    seed: str
    mean: str | None
    u: str | None
    symmetric: tuple[str, str]
    shortest: tuple[str, str]
    delta: str
    gum_validated: bool


class RowField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of a budget, `host.handover.budget.Row` as decimal strings.

    u, c, contribution, share None: not evaluated, and `evaluation` says why. nu: `inf` where u is
    taken as exactly known. autocorr: `lags` and `inflation` where samples were correlated.
    """

    symbol: str
    name: Txt
    source: Txt
    type: Literal["A", "B"]
    distribution: str
    estimate: str
    unit: str
    u: str | None
    nu: str | None
    c: str | None
    c_unit: str
    contribution: str | None
    share: str | None
    evaluation: Txt
    half_width: str | None = None
    beta: str | None = None
    U: str | None = None
    k: str | None = None
    equipment_ref: str = ""
    shared: str = ""
    n: int = 0
    autocorr: dict[str, str] | None = None


class CorrelationField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two rows of a budget that vary together."""

    a: str
    b: str
    r: str
    reason: Txt


class BudgetField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The budget of the result `id`: model, rows, correlations, what computed it."""

    id: str
    measurand_id: str
    model: str
    unit: str
    rows: tuple[RowField, ...]
    correlations: tuple[CorrelationField, ...]
    engine: dict[str, str]


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One result. value None: `missing` says why.

    uncertainty_status: `evaluated` (every row of the budget), `partly_evaluated` (U is over the
    rows that are; `open_rows` names the others), `type_a_only` (peers' conventions: repeatability
    alone), `not_evaluated`, `exact_count`. nu_eff: raw; nu_used: truncated, for k; `inf` where so.
    method: `GUF`, `both` with `mcm` beside it. second_order: u with second-order terms.
    budget_ref: id of the budget.
    """

    id: str
    measurand_id: str
    name: Txt
    statistic: str
    scope: str
    unit: str
    value: str | None
    uncertainty_status: str
    n: int
    u: str | None = None
    nu_eff: str | None = None
    nu_used: str | None = None
    k_rule: str = ""
    method: str = ""
    mcm: MonteCarloField | None = None
    second_order: str | None = None
    open_rows: tuple[str, ...] = ()
    budget_ref: str = ""
    k: str | None = None
    p: str | None = None
    U: str | None = None
    interval: IntervalField | None = None
    bounds: tuple[str, str] | None = None
    by_attempt: tuple[tuple[int, str], ...] = ()
    reported: Reported | None = None
    source: str = ""
    tier: str = ""
    rule: str = ""
    missing: str = ""
    traceability: str = "none"


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a measurand or a convention means: model equation, start and stop event."""

    id: str
    name: Txt
    model: str
    unit: str
    start: str
    stop: str
    origin: str = ""
