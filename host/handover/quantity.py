"""Results and budgets as the record holds them: decimal strings, UCUM units."""

from __future__ import annotations

from typing import Literal

import msgspec

from host.handover.scalars import Dec, DecOrInf, Whole
from host.handover.text import Txt


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is printed: U to two significant digits, value to the same place.

    unit is for people (`token/s`); text is the whole statement, value, U, k and n. interval: the
    two sides of a distribution-free interval in that unit, `…` for a side that n cannot give.
    """

    value: Dec
    U: Dec | None
    unit: str
    text: Txt
    interval: tuple[str, str] | None = None


class IntervalField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distribution-free interval of a quantile; a missing side has its reason."""

    low: Dec | None
    high: Dec | None
    coverage: Dec | None
    kind: str
    reason: str = ""


class MonteCarloField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Propagation of distributions, `host.handover.budget.MonteCarlo` as decimal strings."""

    trials: int
    rng: str
    seed: Dec
    mean: Dec | None
    u: Dec | None
    symmetric: tuple[Dec, Dec]
    shortest: tuple[Dec, Dec]
    delta: Dec
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
    estimate: Dec
    unit: str
    u: Dec | None
    nu: DecOrInf | None
    c: Dec | None
    c_unit: str
    contribution: Dec | None
    share: Dec | None
    evaluation: Txt
    half_width: Dec | None = None
    beta: Dec | None = None
    U: Dec | None = None
    k: Dec | None = None
    equipment_ref: str = ""
    shared: str = ""
    n: int = 0
    autocorr: dict[str, Dec] | None = None


class CorrelationField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Two rows of a budget that vary together."""

    a: str
    b: str
    r: Dec
    reason: Txt


class BudgetField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The budget of the result `id`: model, rows, correlations, what computed it.

    reason: why there is no U, null where there is one.
    """

    id: str
    measurand_id: str
    model: str
    unit: str
    rows: tuple[RowField, ...]
    correlations: tuple[CorrelationField, ...]
    engine: dict[str, str]
    reason: Txt | None = None


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
    value: Dec | None
    uncertainty_status: Literal[
        "evaluated", "partly_evaluated", "type_a_only", "not_evaluated", "exact_count"
    ]
    n: int
    u: Dec | None = None
    nu_eff: DecOrInf | None = None
    nu_used: Whole | None = None
    k_rule: Literal["", "k2", "t_nu_eff", "mcm_interval", "other"] = ""
    method: Literal["", "GUF", "MCM", "both"] = ""
    mcm: MonteCarloField | None = None
    second_order: Dec | None = None
    open_rows: tuple[str, ...] = ()
    budget_ref: str = ""
    k: Dec | None = None
    p: Dec | None = None
    U: Dec | None = None
    interval: IntervalField | None = None
    bounds: tuple[Dec, Dec] | None = None
    by_attempt: tuple[tuple[int, Dec], ...] = ()
    reported: Reported | None = None
    source: str = ""
    tier: str = ""
    rule: Txt | None = None
    missing: str = ""
    traceability: Literal["SI", "reference_procedure", "manufacturer_specification", "none"] = (
        "none"
    )


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a measurand or a convention means: model equation, start and stop event.

    origin: who defined it so, and where that was read.
    """

    id: str
    name: Txt
    model: Txt
    unit: str
    start: Txt
    stop: Txt
    origin: Txt
