"""The gate on the air around the device: what the ambient meters show, looked at by the host.

They are read all through a run (`meters.py`); their newest reading decides, as it is shown,
without the correction of a certificate, which is not known before the folder is reduced.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from collectors.protocol import Clock
from collectors.reading import Channel, Quantity
from host.handover.plan import GatePlan
from host.handover.units import conversion_of
from host.run.gates import POLL_S, Waiting
from host.run.meters import Recorder

# A reading that is older is none. Thermometers of the air have one a second, ten on one 1-Wire bus
# one in 7.5 s (a conversion of a DS18B20 takes 0.75 s).
STALE_NS = 10_000_000_000

# Channel of the thermometer -> degrees Celsius, or why it is not known.
Air = Mapping[str, float | str]
Look = Callable[[], Air]


def look_at(recorders: Sequence[Recorder], clock: Clock) -> Look:
    """What gives the air by all thermometers of these instruments, each by its newest reading."""

    def look() -> Air:
        return {k: v for one in recorders for k, v in _air_of(one, clock.now_ns()).items()}

    return look


def pass_ambient(gates: GatePlan, look: Look | None, clock: Clock, waiting: Waiting) -> str:
    """Wait until the air is as the plan wants it. Gives "" or, after the time-out, the reason.

    look: None where no thermometer is read.
    """
    low, high = _bound(gates.min_ambient_c), _bound(gates.max_ambient_c)
    if low is None and high is None:
        return ""
    deadline_ns = clock.now_ns() + round(gates.timeout_s * 1e9)
    while closed := _shut(look() if look is not None else {}, low, high):
        if clock.now_ns() >= deadline_ns:
            return f"gate-timeout: {closed} after {gates.timeout_s:g} s"
        waiting(closed)
        threading.Event().wait(POLL_S)
    return ""


def _bound(value: float | msgspec.UnsetType) -> float | None:
    return None if isinstance(value, msgspec.UnsetType) else value


def _shut(air: Air, low: float | None, high: float | None) -> str:
    """What does not hold, in words; every thermometer must hold."""
    if not air:
        return "the air is not known (no thermometer gave a reading)"
    found = []
    for channel, value in air.items():
        if isinstance(value, str):
            found.append(f"the air is not known ({channel}: {value})")
        elif high is not None and value > high:
            found.append(f"air {value:.1f} °C at {channel}, must be at most {high:.1f} °C")
        elif low is not None and value < low:
            found.append(f"air {value:.1f} °C at {channel}, must be at least {low:.1f} °C")
    return "; ".join(found)


def _air_of(recorder: Recorder, now_ns: int) -> Air:
    """Every channel of temperature of one instrument."""
    channels = (c for c in recorder.meter.describe() if c.quantity is Quantity.TEMPERATURE)
    return {channel.name: _shown(recorder, channel, now_ns) for channel in channels}


def _shown(recorder: Recorder, channel: Channel, now_ns: int) -> float | str:
    """The newest reading, Cel; one answer that was lost since then does not matter."""
    newest, gap = recorder.latest(channel.name), recorder.last_gap(channel.name)
    if recorder.failed:
        return recorder.failed
    if newest is not None and now_ns - newest.t1_ns <= STALE_NS:
        return conversion_of(channel).of(float(newest.value))
    if gap is not None and (newest is None or gap.t_ns > newest.t1_ns):
        return gap.reason
    if newest is None:
        return "nothing read yet"
    return f"nothing new for {(now_ns - newest.t1_ns) / 1e9:.0f} s"
