"""Energy, mean power and energy per token: one set of results a channel, never averaged.

Total and above idle stand side by side; a value above idle never stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from host.handover.inference import (
    PER_IMAGE,
    PER_IMAGE_ABOVE,
    PER_INFERENCE,
    PER_INFERENCE_ABOVE,
)
from host.handover.measurands import MEASURANDS
from host.handover.result import Baseline, Basis, ChannelBasis, Observation
from host.handover.trace import AttemptTrace, Series
from host.reduce import inferences
from host.reduce.channels import channels_of, series_of
from host.reduce.coverage import CoverageError
from host.reduce.energy import (
    SPLIT_PHASES,
    TOO_SHORT,
    PhaseEnergy,
    meter_of,
    phase_energy,
    rule_of,
)
from host.reduce.estimate import Estimate, Subject, observe
from host.reduce.integral import Integral
from host.reduce.latency import need_sizes, need_steps, stamped
from host.reduce.phases import (
    BURST,
    DECODE,
    IDLE,
    LOAD,
    PREFILL,
    REQUEST,
    SUSTAINED,
    events_of,
    is_long,
)
from host.reduce.refresh import soonest_s

PHASES = (LOAD, PREFILL, DECODE, REQUEST, IDLE, BURST, SUSTAINED)
Divisor = Callable[[AttemptTrace, float], float]


@dataclass(frozen=True, slots=True)
class Metered:
    """The energies of one channel over all phases of all attempts, or why there is none."""

    found: Mapping[tuple[int, str], PhaseEnergy | CoverageError]

    def of(self, attempt: AttemptTrace, phase: str) -> PhaseEnergy:
        """Raises the CoverageError that the phase met."""
        outcome = self.found[attempt.number, phase]
        if isinstance(outcome, CoverageError):
            raise outcome
        return outcome

    def above_idle(self, attempt: AttemptTrace) -> PhaseEnergy:
        """Energy of the scored requests less idle power times their time.

        The idle power is the mean over the baselines of the same attempt, before and after.
        """
        total, idle = self.of(attempt, REQUEST), self.of(attempt, IDLE)
        share = total.length_s / idle.length_s
        energy = Integral(
            total.energy.low - idle.energy.high * share,
            total.energy.value - idle.energy.value * share,
            total.energy.high - idle.energy.low * share,
        )
        return replace(total, energy=energy)

    def baseline(self, attempt: AttemptTrace) -> Baseline:
        """Idle power with what its bounds and the change from before to after leave open."""
        idle = self.of(attempt, IDLE)
        open_w = idle.energy.half_width / idle.length_s + idle.drift_w
        both = attempt.idle_before is not None and attempt.idle_after is not None
        return Baseline(idle.energy.value / idle.length_s, open_w, both)


EnergyOf = Callable[[Metered, AttemptTrace], PhaseEnergy]


def power_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """All energy and power results; none where no channel gives energy or power.

    Total and above idle always stand both: where no baseline was measured, with that reason.
    """
    rows = [*_ROWS, *(_SPANS if any(is_long(a) for a in attempts) else ())]
    rows += _GRAPHS if inferences.of_graph(attempts) else ()
    made: list[Observation] = []
    for like in (*channels_of(attempts, "energy"), *channels_of(attempts, "power")):
        if rule_of(like):
            metered = metered_of(attempts, like)
            made += [_observed(row, like, metered, attempts) for row in rows]
    return made


def metered_of(attempts: Sequence[AttemptTrace], like: Series) -> Metered:
    """Integrate one channel over every phase of every attempt, once."""
    found: dict[tuple[int, str], PhaseEnergy | CoverageError] = {}
    refresh_s = soonest_s([s for a in attempts for s in a.series if s.channel == like.channel])
    for attempt in attempts:
        try:
            one = replace(series_of(attempt, like), refresh_s=refresh_s)
            meter = meter_of(one, events_of(attempt))
        except CoverageError as err:
            found |= {(attempt.number, phase): err for phase in PHASES}
            continue
        for phase in PHASES:
            try:
                found[attempt.number, phase] = phase_energy(attempt, meter, phase)
            except CoverageError as err:
                found[attempt.number, phase] = err
    for phase in SPLIT_PHASES:
        found |= _with_the_short(found, phase)
    return Metered(found)


def _with_the_short(
    found: Mapping[tuple[int, str], PhaseEnergy | CoverageError], phase: str
) -> dict[tuple[int, str], CoverageError]:
    """Refusals of a phase in all attempts where it is too short for the source in one of them.

    Length and energy go together: the mean over those that are long enough would be that of the
    slow attempts, and of no sample of the run (design, law 7).
    """
    own = {number: each for (number, name), each in found.items() if name == phase}
    short = [n for n, e in own.items() if isinstance(e, CoverageError) and e.code == TOO_SHORT]
    if not short:
        return {}
    said = f"{phase} is too short for the source in attempt {short[0]}"
    said += f" and {len(short) - 1} more" if short[1:] else ""
    why = CoverageError(TOO_SHORT, f"{said}; the longer ones alone would be a choice by length")
    return {(n, phase): why for n, e in own.items() if not isinstance(e, CoverageError)}


def output_tokens(attempt: AttemptTrace, _length_s: float) -> float:
    """Output tokens of all scored requests."""
    return sum(r.tokens.made for r in attempt.scored())


def decode_steps(attempt: AttemptTrace, _length_s: float) -> float:
    """Decode steps, n - 1 of each scored request: the tokens that the decode phase made."""
    return sum(need_steps(r) if r.reply else max(0, len(r.tokens) - 1) for r in attempt.scored())


def output_bytes(attempt: AttemptTrace, _length_s: float) -> float:
    """Output bytes of all scored requests. Raises CoverageError where they are not known."""
    for request in attempt.scored():
        need_sizes(request)
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


def _total(phase: str) -> EnergyOf:
    return lambda metered, attempt: metered.of(attempt, phase)


_ROWS = (
    *(_Row("mean_power@1", p, _total(p), _length) for p in (LOAD, PREFILL, DECODE, REQUEST)),
    _Row("mean_power@1", IDLE, _total(IDLE), _length),
    _Row("mean_power_above_idle@1", REQUEST, Metered.above_idle, _length),
    *(_Row("energy@1", p, _total(p), _one) for p in (LOAD, PREFILL, DECODE, REQUEST)),
    _Row("energy@1", IDLE, _total(IDLE), _one),
    _Row("energy_above_idle@1", REQUEST, Metered.above_idle, _one),
    _Row("energy_per_token@1", REQUEST, _total(REQUEST), output_tokens),
    _Row("energy_per_token@1", DECODE, _total(DECODE), decode_steps),
    _Row(
        "energy_per_token_above_idle@1",
        REQUEST,
        Metered.above_idle,
        output_tokens,
    ),
    _Row("energy_per_output_byte@1", REQUEST, _total(REQUEST), output_bytes),
    _Row(
        "energy_per_output_byte_above_idle@1",
        REQUEST,
        Metered.above_idle,
        output_bytes,
    ),
)


# Given where an attempt is long enough: a shorter one is a burst as a whole.
_SPANS = (
    _Row("burst_power@1", BURST, _total(BURST), _length),
    _Row("sustained_power@1", SUSTAINED, _total(SUSTAINED), _length),
)


# Of plain graphs; what is per token has no value there.
_GRAPHS = (
    _Row(PER_INFERENCE, REQUEST, _total(REQUEST), inferences.count),
    _Row(PER_INFERENCE_ABOVE, REQUEST, Metered.above_idle, inferences.count),
    _Row(PER_IMAGE, REQUEST, _total(REQUEST), inferences.images),
    _Row(PER_IMAGE_ABOVE, REQUEST, Metered.above_idle, inferences.images),
)


def _observed(
    row: _Row, like: Series, metered: Metered, attempts: Sequence[AttemptTrace]
) -> Observation:
    subject = Subject(
        measurand=row.measurand,
        unit=MEASURANDS[row.measurand].unit,
        scope=row.scope,
        source=like.channel,
        tier=like.tier,
        rule=rule_of(like),
    )
    return observe(subject, attempts, partial(_estimate, row, metered, like))


def _estimate(row: _Row, metered: Metered, like: Series, attempt: AttemptTrace) -> Estimate:
    found = row.energy(metered, attempt)
    divisor = row.divisor(attempt, found.length_s)
    if divisor <= 0:
        raise CoverageError("nothing-to-divide-by", f"{row.measurand} over {row.scope}")
    energy = found.energy
    bounds = (energy.low / divisor, energy.high / divisor)
    return Estimate(energy.value / divisor, bounds, 1, _basis(row, metered, like, attempt))


def _basis(row: _Row, metered: Metered, like: Series, attempt: AttemptTrace) -> Basis:
    """What the energy rests on before a baseline was taken off; that stands by itself."""
    total = metered.of(attempt, row.scope)
    divisor = row.divisor(attempt, total.length_s)
    above = row.energy is Metered.above_idle
    channel = ChannelBasis(
        unit=like.unit,
        quantity=like.quantity,
        kind=like.kind,
        resolution=like.resolution,
        edge=total.energy.edge / divisor,
        rule=total.energy.inside / divisor,
        indication=total.energy.value / total.length_s,
        step=total.step_w,
        bracket_s=total.bracket_s,
        lag_s=total.lag_s,
        idle=metered.baseline(attempt) if above else None,
        stale_s=total.stale_s,
        missed=total.energy.missed / divisor,
        scatter=(total.scatter,) if total.scatter else (),
    )
    known = stamped(attempt.scored())
    return Basis(total.length_s, total.windows, divisor, total.late_s, channel, known)
