"""Energy, mean power and energy per token: one set of results a channel, never averaged.

Total and above idle stand side by side; a value above idle never stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from host.handover.measurands import MEASURANDS
from host.handover.result import Observation
from host.handover.trace import AttemptTrace, Series
from host.reduce.channels import channels_of, series_of, with_readings
from host.reduce.coverage import CoverageError
from host.reduce.energy import phase_energy, rule_of
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.integral import Integral
from host.reduce.phases import DECODE, IDLE, LOAD, PREFILL, REQUEST

EnergyOf = Callable[[AttemptTrace, Series], tuple[Integral, float]]
Divisor = Callable[[AttemptTrace, float], float]


def power_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """All energy and power results; none where no channel gives energy or power."""
    idle = any(a.idle_before or a.idle_after for a in attempts)
    rows = [row for row in _ROWS if idle or not row.needs_idle]
    found = (*channels_of(attempts, "energy"), *channels_of(attempts, "power"))
    return [_observed(row, like, attempts) for like in found if rule_of(like) for row in rows]


def above_idle(attempt: AttemptTrace, series: Series) -> tuple[Integral, float]:
    """Energy of the scored requests less idle power times their time, in J, and the time in s.

    The idle power is the mean over the baselines of the same attempt, before and after.
    """
    total, length_s = phase_energy(attempt, series, REQUEST)
    idle, idle_s = phase_energy(attempt, series, IDLE)
    share = length_s / idle_s
    return Integral(
        total.low - idle.high * share,
        total.value - idle.value * share,
        total.high - idle.low * share,
    ), length_s


def output_tokens(attempt: AttemptTrace, _length_s: float) -> float:
    """Output tokens of all scored requests."""
    return sum(len(r.tokens) for r in attempt.scored())


def decode_steps(attempt: AttemptTrace, _length_s: float) -> float:
    """Decode steps, n - 1 of each scored request: the tokens that the decode phase made."""
    return sum(max(0, len(r.tokens) - 1) for r in attempt.scored())


def output_bytes(attempt: AttemptTrace, _length_s: float) -> float:
    """Output bytes of all scored requests."""
    return sum(int(r.tokens.size_bytes.sum()) for r in attempt.scored())


def _one(_attempt: AttemptTrace, _length_s: float) -> float:
    return 1.0


def _length(_attempt: AttemptTrace, length_s: float) -> float:
    return length_s


@dataclass(frozen=True, slots=True)
class _Row:
    """A result of a channel: an energy over something countable."""

    measurand: str
    scope: str
    energy: EnergyOf
    divisor: Divisor
    needs_idle: bool = False


def _total(phase: str) -> EnergyOf:
    return lambda attempt, series: phase_energy(attempt, series, phase)


_ROWS = (
    *(_Row("mean_power@1", p, _total(p), _length) for p in (LOAD, PREFILL, DECODE, REQUEST)),
    _Row("mean_power@1", IDLE, _total(IDLE), _length, needs_idle=True),
    _Row("mean_power_above_idle@1", REQUEST, above_idle, _length, needs_idle=True),
    *(_Row("energy@1", p, _total(p), _one) for p in (LOAD, PREFILL, DECODE, REQUEST)),
    _Row("energy@1", IDLE, _total(IDLE), _one, needs_idle=True),
    _Row("energy_above_idle@1", REQUEST, above_idle, _one, needs_idle=True),
    _Row("energy_per_token@1", REQUEST, _total(REQUEST), output_tokens),
    _Row("energy_per_token@1", DECODE, _total(DECODE), decode_steps),
    _Row("energy_per_token_above_idle@1", REQUEST, above_idle, output_tokens, needs_idle=True),
    _Row("energy_per_output_byte@1", REQUEST, _total(REQUEST), output_bytes),
    _Row(
        "energy_per_output_byte_above_idle@1", REQUEST, above_idle, output_bytes, needs_idle=True
    ),
)


def _observed(row: _Row, like: Series, attempts: Sequence[AttemptTrace]) -> Observation:
    subject = Subject(
        measurand=row.measurand,
        unit=MEASURANDS[row.measurand].unit,
        scope=row.scope,
        source=like.channel,
        tier=like.tier,
        rule=rule_of(like),
    )
    return observe(subject, attempts, partial(_estimate, row, like))


def _estimate(row: _Row, like: Series, attempt: AttemptTrace) -> Estimate:
    series = with_readings(series_of(attempt, like))
    energy, length_s = row.energy(attempt, series)
    divisor = row.divisor(attempt, length_s)
    if divisor <= 0:
        raise CoverageError("nothing-to-divide-by", f"{row.measurand} over {row.scope}")
    bounds = (energy.low / divisor, energy.high / divisor)
    return Estimate(energy.value / divisor, bounds, count=len(series.values))
