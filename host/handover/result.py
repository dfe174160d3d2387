"""Results of a run: values with unit, statistic, interval and what they stand on."""

from __future__ import annotations

from dataclasses import dataclass

from host.handover.budget import Budget
from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class Spread:
    """A Student-t interval over attempts, or why there is none.

    u: standard uncertainty of the mean (Type A only). nu: degrees of freedom n-1. k: coverage
    factor t_p(nu). U: k*u. All None with `reason` set when n < 2.
    """

    n: int
    s: float | None
    u: float | None
    nu: int | None
    k: float | None
    U: float | None
    p: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """A distribution-free interval of a quantile, from order statistics.

    coverage: the exact binomial coverage of [low, high]; None for a side that n cannot bound.
    """

    low: float | None
    high: float | None
    coverage: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One quantity of a run.

    measurand: id and version, `decode_rate@1`, or `convention:<name>` for a peer's definition.
    statistic: `mean` over attempts, `median`, `p95`, `p99`, `max`. scope: "" for the whole, a
    phase (`prefill`, `decode`, `request`, `idle`), or a dataset item id. source: channel it was
    read from, "" for the token trace. by_attempt: (attempt number, value), valid attempts only.
    value None: not measured, `missing` says why (reason code, free text after a colon). spread:
    Type A alone. budget: of a measurand with a value; conventions of other tools have none.
    """

    measurand: str
    statistic: str
    scope: str
    unit: str
    value: float | None
    spread: Spread | None
    interval: Interval | None
    by_attempt: tuple[tuple[int, float], ...]
    source: str = ""
    tier: str = ""
    rule: Txt | None = None
    missing: str = ""
    count: int = 0
    bounds: tuple[float, float] | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was reduced from one run, in the order of the catalogue."""

    results: tuple[Result, ...]
    conventions: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Idle power that was taken off: W, half-width of its bounds and its drift together, W.

    both: measured before and after the requests. Of one alone nobody knows how it drifted.
    """

    power_w: float
    half_width_w: float
    both: bool = True


@dataclass(frozen=True, slots=True)
class ChannelBasis:
    """What a value took from a channel of readings.

    unit, quantity, kind, resolution: of the channel, coherent SI. edge, rule: half-widths in the
    unit of the value, of what the cells cut by an edge leave open, and of the integration rule
    between the edges. indication: mean indication in the windows, in `unit` (of an energy
    counter: W). step: sum over the windows of the larger jump of the indication at an edge.
    bracket_s: longest read at an edge. lag_s: how far the middle of an averaging time lies before
    the middle of the stretch that a reading is held over. idle: the baseline that was taken off.
    stale_s: how much longer than the reading period a value stays before it changes; None where
    it hardly ever changed or nobody looked. missed: half-width, in the unit of the value, of what
    stretches without readings leave open. scatter: of each attempt, how momentary power readings
    scatter about what was expected of them, W; empty for sources that miss nothing between two.
    """

    unit: str
    quantity: str
    kind: str
    resolution: float | None
    edge: float
    rule: float
    indication: float
    step: float
    bracket_s: float
    lag_s: float
    idle: Baseline | None = None
    stale_s: float | None = None
    missed: float = 0.0
    scatter: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """What a value rests on, for its budget. Of an observation: means over its attempts.

    duration_s: summed length of the windows, 0 where the value has no time in it. windows: how
    many, each with two edges. amount: what was counted and divides or is divided by the duration
    or the energy: tokens, bytes, requests, readings; 1 where nothing was. late_s: how much later
    than its event a stamp may be, summed over the windows. late_known: False where a server does
    not state its own times, so that nobody knows.
    """

    duration_s: float
    windows: float
    amount: float
    late_s: float
    channel: ChannelBasis | None = None
    late_known: bool = True


@dataclass(frozen=True, slots=True)
class Observation:
    """What the valid attempts say of one quantity, before anybody judges its spread.

    measurand, statistic, scope, unit, source, tier, rule: as in Result. by_attempt: one value an
    attempt. samples: (attempt number, its single values), for quantiles only. bounds: means
    of the attempts' lower and upper bounds. count: tokens, intervals or requests behind it.
    missing: reason code and detail when no attempt gave a value; with values, what the other
    attempts lacked. basis: what the values rest on; None for conventions and without values.
    of: numerator and denominator of a ratio of two sources.
    """

    measurand: str
    statistic: str
    scope: str
    unit: str
    by_attempt: tuple[tuple[int, float], ...]
    samples: tuple[tuple[int, tuple[float, ...]], ...] = ()
    source: str = ""
    tier: str = ""
    rule: Txt | None = None
    missing: str = ""
    count: int = 0
    bounds: tuple[float, float] | None = None
    basis: Basis | None = None
    of: tuple[Observation, Observation] | None = None


@dataclass(frozen=True, slots=True)
class Reduced:
    """What reduction hands to evaluation, in the order of the catalogue."""

    results: tuple[Observation, ...]
    conventions: tuple[Observation, ...]
