"""Gates on a device's state: what must hold before an attempt, and between two of them.

The rules are pure; `wait_until_open` is the loop. A gate that times out voids the attempt, and
whoever waits is shown why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from collectors.protocol import Clock
from host.handover.plan import GatePlan
from host.state.missing import Missing
from host.state.processor import busy_between
from host.state.questions import Part
from host.state.restore import Pause, pause
from host.state.snapshot import DeviceState
from host.state.thermal import STATUS_NAMES

# Every look starts services on a phone and warms it; more often than this tells nothing more.
POLL_S = 5.0
_NS_PER_S, _S_PER_MIN = 1_000_000_000, 60.0

Look = Callable[[], DeviceState]
Waiting = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Moment:
    """A state and when it was seen, on the host's clock."""

    t_ns: int
    state: DeviceState


@dataclass(frozen=True, slots=True)
class Passed:
    """How the wait ended. reason: "" or why the attempt is void. last: what was seen last."""

    reason: str
    last: DeviceState
    waited_ns: int
    looks: int


def parts_for(gates: GatePlan) -> frozenset[Part]:
    """What a look must ask for these gates; empty when there is nothing to wait for."""
    battery = (
        gates.min_battery_level_ratio,
        gates.max_battery_level_ratio,
        gates.max_battery_temperature_c,
        gates.forbid_charging,
    )
    thermal = (
        gates.max_temperature_c,
        gates.max_thermal_status,
        gates.max_temperature_slope_k_per_min,
        gates.cooldown_above_start_k,
    )
    found: set[Part] = set()
    if any(limit not in (None, False) for limit in battery):
        found.add("battery")
    if any(limit is not None for limit in thermal):
        found.add("thermal")
    if gates.max_busy_ratio is not None:
        found.add("load")
    return frozenset(found)


def shut(gates: GatePlan, seen: Sequence[Moment], start: DeviceState | None) -> tuple[str, ...]:
    """Every gate that does not hold, one sentence each: what is, and what must be.

    seen: moments since the wait began, oldest first, at least one. start: the state before the
    first attempt, None before that one.
    """
    now = seen[-1].state
    return (
        *_battery(gates, now),
        *_thermal(gates, now),
        *_cooldown(gates, now, start),
        *_steady(gates, seen),
    )


def wait_until_open(
    gates: GatePlan,
    look: Look,
    clock: Clock,
    waiting: Waiting,
    *,
    start: DeviceState | None = None,
    wait: Pause = pause,
) -> Passed:
    """Look until every gate holds or the time is over. What `look` raises passes through."""
    began_ns = clock.now_ns()
    deadline_ns = began_ns + round(gates.timeout_s * _NS_PER_S)
    seen: list[Moment] = []
    while True:
        state = look()
        seen.append(Moment(clock.now_ns(), state))
        closed = shut(gates, seen, start)
        waited_ns = seen[-1].t_ns - began_ns
        if not closed:
            return Passed("", state, waited_ns, len(seen))
        why = "; ".join(closed)
        if seen[-1].t_ns >= deadline_ns:
            said = f"gate-timeout: {why} after {gates.timeout_s:g} s"
            return Passed(said, state, waited_ns, len(seen))
        waiting(f"waiting: {why}")
        wait(POLL_S)


def _battery(gates: GatePlan, now: DeviceState) -> Iterator[str]:
    battery = now.any_battery
    yield from _at_most(
        "battery", battery.temperature_c, gates.max_battery_temperature_c, "{:.1f} °C"
    )
    yield from _at_most("battery", battery.level_ratio, gates.max_battery_level_ratio, "{:.2f}")
    low = gates.min_battery_level_ratio
    if low is not None:
        level = battery.level_ratio
        if isinstance(level, Missing):
            yield f"battery level is not known ({level})"
        elif level < low:
            yield f"battery {level:.2f}, must be at least {low:.2f}"
    if gates.forbid_charging:
        if isinstance(battery.fed, Missing):
            yield f"whether the battery is charged is not known ({battery.fed})"
        elif battery.fed:
            plugs = battery.plugged if isinstance(battery.plugged, tuple) else ()
            yield f"battery {battery.status}, fed by {', '.join(plugs) or 'something'}"


def _at_most(what: str, value: float | Missing, limit: float | None, form: str) -> Iterator[str]:
    if limit is None:
        return
    if isinstance(value, Missing):
        yield f"{what} is not known ({value})"
    elif value > limit:
        yield f"{what} {form.format(value)}, must be at most {form.format(limit)}"


def _thermal(gates: GatePlan, now: DeviceState) -> Iterator[str]:
    yield from _at_most("hottest sensor", now.hottest_c, gates.max_temperature_c, "{:.1f} °C")
    limit, status = gates.max_thermal_status, now.thermal.status
    if limit is None:
        return
    if isinstance(status, Missing):
        yield f"thermal status is not known ({status})"
    elif status > limit:
        most = STATUS_NAMES[limit]
        yield f"thermal status {STATUS_NAMES[status]}, must be at most {most}"


def _cooldown(gates: GatePlan, now: DeviceState, start: DeviceState | None) -> Iterator[str]:
    if gates.cooldown_above_start_k is None or start is None:
        return
    first = start.hottest_c
    if isinstance(first, Missing):
        yield f"temperature at the start is not known ({first})"
    else:
        limit = first + gates.cooldown_above_start_k
        yield from _at_most("cooling down: hottest sensor", now.hottest_c, limit, "{:.1f} °C")


def _steady(gates: GatePlan, seen: Sequence[Moment]) -> Iterator[str]:
    """Busy ratio and slope over the last `steady_for_s`, or over the last two looks without it."""
    slope, busy = gates.max_temperature_slope_k_per_min, gates.max_busy_ratio
    if slope is None and busy is None:
        return
    window = _window(seen, gates.steady_for_s)
    if window is None:
        span_s = (seen[-1].t_ns - seen[0].t_ns) / _NS_PER_S
        yield f"steady for {span_s:.0f} s, must be {gates.steady_for_s or POLL_S:g} s"
        return
    if busy is not None:
        yield from _at_most("CPU busy", _busiest(window), busy, "{:.2f}")
    if slope is not None:
        found = slope_k_per_min(window)
        found = found if isinstance(found, Missing) else abs(found)
        yield from _at_most("temperature changes by", found, slope, "{:.2f} K/min")


def _window(seen: Sequence[Moment], steady_for_s: float | None) -> Sequence[Moment] | None:
    """The latest moments that span the time, or None when they do not reach back far enough."""
    needed_ns = round((steady_for_s or 0) * _NS_PER_S)
    for first in range(len(seen) - 2, -1, -1):
        if seen[-1].t_ns - seen[first].t_ns >= needed_ns:
            return seen[first:]
    return None


def _busiest(window: Sequence[Moment]) -> float | Missing:
    """The busiest span between two looks: an idle mean may hide a burst."""
    busiest = 0.0
    for first, last in pairwise(window):
        found = busy_between(first.state.load.ticks, last.state.load.ticks)
        if isinstance(found, Missing):
            return found
        busiest = max(busiest, found)
    return busiest


def slope_k_per_min(window: Sequence[Moment]) -> float | Missing:
    """Slope of the hottest sensor by least squares, in K/min.

    Closed form of simple linear regression: sum((t-mt)(T-mT)) / sum((t-mt)^2).
    """
    temperatures: list[float] = []
    for moment in window:
        found = moment.state.hottest_c
        if isinstance(found, Missing):
            return found
        temperatures.append(found)
    times = [(moment.t_ns - window[0].t_ns) / _NS_PER_S / _S_PER_MIN for moment in window]
    mean_t = sum(times) / len(times)
    mean_c = sum(temperatures) / len(temperatures)
    spread = sum((t - mean_t) ** 2 for t in times)
    if spread == 0:
        return Missing("not-stated", "all looks at one moment")
    both = zip(times, temperatures, strict=True)
    return sum((t - mean_t) * (c - mean_c) for t, c in both) / spread
