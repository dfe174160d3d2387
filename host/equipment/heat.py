"""How warm a device and the air were, and whether a calibration was made in that warmth. Pure.

A calibration says nothing of how its source drifts with temperature. Used far from where it was
made it is used all the same, and the record warns: no number is known that would correct it, and a
tier it never lifts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from host.equipment import transfer_words as words
from host.equipment.words import AMBIENT
from host.handover.calibration import Stored
from host.handover.equipment import BENCH, Problem
from host.handover.formal import EnvironmentField
from host.handover.trace import AttemptTrace, Window

# What lies this far outside of the span of a calibration is not of it any more. Our choice. Of the
# air: meters state their accuracy for 23 Cel within 5 K as a rule. Of the hottest sensor of a
# device, which moves much farther than the circuit that measures its power: twice as much.
AIR_MARGIN_K = 5.0
DEVICE_MARGIN_K = 10.0

Span = tuple[float, float]
During = Callable[[AttemptTrace], Window | None]


@dataclass(frozen=True, slots=True)
class Heat:
    """Lowest and highest of the device's hottest sensor and of the air, Cel; None: not shown."""

    device_cel: Span | None = None
    air_cel: Span | None = None


NO_HEAT = Heat()


def steps_of(attempt: AttemptTrace) -> Window | None:
    """The time of the steps of a calibration."""
    if not attempt.steps:
        return None
    return Window(attempt.steps[0].window.start_ns, attempt.steps[-1].window.end_ns)


def requests_of(attempt: AttemptTrace) -> Window | None:
    """The time of the scored requests: idle, and while it warms up, a device may be cooler."""
    scored = attempt.scored()
    if not scored:
        return None
    return Window(min(r.start_ns for r in scored), max(r.end_ns for r in scored))


def device_span(attempts: Sequence[AttemptTrace], during: During) -> Span | None:
    """Lowest and highest reading of the sensor that is the hottest of the device."""
    shown: dict[str, list[float]] = {}
    for attempt in attempts:
        window = during(attempt)
        if window is None:
            continue
        for series in attempt.series:
            if series.quantity != "temperature" or series.channel.startswith(BENCH):
                continue
            within = (series.t_ns >= window.start_ns) & (series.t_ns <= window.end_ns)
            shown.setdefault(series.channel, []).extend(series.values[within].tolist())
    hottest: list[float] = max((v for v in shown.values() if v), key=max, default=[])
    if not hottest or not np.isfinite(hottest).all():
        return None
    return min(hottest), max(hottest)


def air_span(environment: Sequence[EnvironmentField]) -> Span | None:
    """Lowest and highest of all thermometers of the air, and of what was stated of it."""
    of_air = [field for field in environment if field.quantity == AMBIENT]
    read = [r for field in of_air if (r := field.readings) is not None]
    found = [float(end) for each in read for end in (each.least, each.most)]
    found += [float(f.value) for f in of_air if f.readings is None and f.value is not None]
    return (min(found), max(found)) if found else None


def warm_problems(one: Stored, heat: Heat) -> tuple[Problem, ...]:
    """A warning for each temperature at which the calibration was not made."""
    transfer = one.transfer
    air_then = transfer.ambient_cel or ()
    looked_at = (
        (words.DEVICE, transfer.temperature_cel, heat.device_cel, DEVICE_MARGIN_K),
        (words.AIR, air_then, heat.air_cel, AIR_MARGIN_K),
    )
    return tuple(
        words.elsewhere(one, what, (then, now), margin_k)
        for what, said, now, margin_k in looked_at
        if (then := _span(said)) is not None and now is not None and _outside(then, now, margin_k)
    )


def _span(said: Sequence[str]) -> Span | None:
    found = [float(number) for number in said]
    return (min(found), max(found)) if found else None


def _outside(then: Span, now: Span, margin_k: float) -> bool:
    return now[0] < then[0] - margin_k or now[1] > then[1] + margin_k
