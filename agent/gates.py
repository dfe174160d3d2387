"""What must hold before an attempt, and after it: pure, on looks at a device.

Agent and host decide by these rules. A look holds plain values; where one is not known, a text
that says why stands in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

Known = float | str

NOT_ASKED = "not-asked"
_NS_PER_S, _S_PER_MIN = 1_000_000_000, 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Gates, named and meant as in a plan (`host/handover/plan.py`); None is no gate.

    max_busy_ratio: CPU time of all cores, 0..1. max_temperature_c: hottest sensor.
    min_battery_level_ratio, max_battery_level_ratio: of full. forbid_charging: fed from outside
    at all. steady_for_s: how long busy ratio and slope must have held.
    cooldown_above_start_k: above the look before the first attempt. forbid_throttle: between the
    start and the end of an attempt (`throttle.py`).
    """

    max_busy_ratio: float | None = None
    max_temperature_c: float | None = None
    min_battery_level_ratio: float | None = None
    max_battery_level_ratio: float | None = None
    max_battery_temperature_c: float | None = None
    forbid_charging: bool | None = None
    steady_for_s: float | None = None
    max_temperature_slope_k_per_min: float | None = None
    cooldown_above_start_k: float | None = None
    forbid_throttle: bool | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to wait for; `steady_for_s` alone says nothing."""
        names = {f.name for f in fields(self)} - {"steady_for_s", "forbid_throttle"}
        return any(getattr(self, name) not in (None, False) for name in names)


@dataclass(frozen=True, slots=True)
class Look:
    """A device at one moment, as far as gates need it.

    t_ns: on the clock of whoever looks. ticks: (all, idle), of all cores since boot. battery_c,
    hottest_c: degrees Celsius. fed: whether energy comes from outside. battery: how it is, in
    words. feeders: what feeds it.
    """

    t_ns: int
    ticks: tuple[int, int] | str = NOT_ASKED
    hottest_c: Known = NOT_ASKED
    level_ratio: Known = NOT_ASKED
    battery_c: Known = NOT_ASKED
    fed: bool | str = NOT_ASKED
    battery: str = NOT_ASKED
    feeders: tuple[str, ...] = ()


def shut(limits: Limits, seen: Sequence[Look], start: Look | None) -> tuple[str, ...]:
    """Every gate that does not hold, one sentence each: what is, and what must be.

    seen: looks since the wait began, oldest first, at least one. start: the look before the
    first attempt, None before that one.
    """
    now = seen[-1]
    return (
        *_battery(limits, now),
        *_at_most("hottest sensor", now.hottest_c, limits.max_temperature_c, "{:.1f} °C"),
        *_cooldown(limits, now, start),
        *_steady(limits, seen),
    )


def charged(limits: Limits, after: Look) -> str:
    """Whether the battery was fed when an attempt had ended: "" or why the attempt is void.

    What cannot be told is no proof that it was not.
    """
    if not limits.forbid_charging or after.fed is False:
        return ""
    return f"charged: the battery is {after.battery} after the attempt"


def needed(limits: Limits, seen: Sequence[Look]) -> list[Look]:
    """The looks that later ones may still have to be compared with."""
    return list(_window(seen, limits.steady_for_s) or seen)


def _battery(limits: Limits, now: Look) -> Iterator[str]:
    yield from _at_most("battery", now.battery_c, limits.max_battery_temperature_c, "{:.1f} °C")
    yield from _at_most("battery", now.level_ratio, limits.max_battery_level_ratio, "{:.2f}")
    low, level = limits.min_battery_level_ratio, now.level_ratio
    if low is not None:
        if isinstance(level, str):
            yield f"battery level is not known ({level})"
        elif level < low:
            yield f"battery {level:.2f}, must be at least {low:.2f}"
    if limits.forbid_charging:
        if isinstance(now.fed, str):
            yield f"whether the battery is charged is not known ({now.fed})"
        elif now.fed:
            yield f"battery {now.battery}, fed by {', '.join(now.feeders) or 'something'}"


def _at_most(what: str, value: Known, limit: float | None, form: str) -> Iterator[str]:
    if limit is None:
        return
    if isinstance(value, str):
        yield f"{what} is not known ({value})"
    elif value > limit:
        yield f"{what} {form.format(value)}, must be at most {form.format(limit)}"


def _cooldown(limits: Limits, now: Look, start: Look | None) -> Iterator[str]:
    if limits.cooldown_above_start_k is None or start is None:
        return
    first = start.hottest_c
    if isinstance(first, str):
        yield f"temperature at the start is not known ({first})"
    else:
        limit = first + limits.cooldown_above_start_k
        yield from _at_most("cooling down: hottest sensor", now.hottest_c, limit, "{:.1f} °C")


def _steady(limits: Limits, seen: Sequence[Look]) -> Iterator[str]:
    """Busy ratio and slope over the last `steady_for_s`, or over the last two looks without it."""
    slope, busy = limits.max_temperature_slope_k_per_min, limits.max_busy_ratio
    if slope is None and busy is None:
        return
    window = _window(seen, limits.steady_for_s)
    if window is None:
        span_s = (seen[-1].t_ns - seen[0].t_ns) / _NS_PER_S
        must = f"{limits.steady_for_s:g} s" if limits.steady_for_s else "two looks"
        yield f"steady for {span_s:.0f} s, must be {must}"
        return
    if busy is not None:
        yield from _at_most("CPU busy", busiest(window), busy, "{:.2f}")
    if slope is not None:
        found = slope_k_per_min(window)
        found = found if isinstance(found, str) else abs(found)
        yield from _at_most("temperature changes by", found, slope, "{:.2f} K/min")


def _window(seen: Sequence[Look], steady_for_s: float | None) -> Sequence[Look] | None:
    """The latest looks that span the time, or None when they do not reach back far enough."""
    needed_ns = round((steady_for_s or 0) * _NS_PER_S)
    for first in range(len(seen) - 2, -1, -1):
        if seen[-1].t_ns - seen[first].t_ns >= needed_ns:
            return seen[first:]
    return None


def busiest(window: Sequence[Look]) -> Known:
    """The busiest span between two looks: an idle mean may hide a burst."""
    most = 0.0
    for first, last in pairwise(window):
        found = busy_ratio(first.ticks, last.ticks)
        if isinstance(found, str):
            return found
        most = max(most, found)
    return most


def busy_ratio(first: tuple[int, int] | str, last: tuple[int, int] | str) -> Known:
    """Part of the CPU time of all cores that was not idle between two readings, 0..1."""
    if isinstance(first, str):
        return first
    if isinstance(last, str):
        return last
    total, idle = last[0] - first[0], last[1] - first[1]
    if total <= 0:
        return "not-stated: no tick between the two readings"
    # iowait may go back (proc(5)), so idle may seem more than all or less than none.
    return min(1.0, max(0.0, 1 - idle / total))


def slope_k_per_min(window: Sequence[Look]) -> Known:
    """Slope of the hottest sensor by least squares, in K/min.

    Closed form of simple linear regression: sum((t-mt)(T-mT)) / sum((t-mt)^2).
    """
    temperatures: list[float] = []
    for look in window:
        if isinstance(look.hottest_c, str):
            return look.hottest_c
        temperatures.append(look.hottest_c)
    times = [(look.t_ns - window[0].t_ns) / _NS_PER_S / _S_PER_MIN for look in window]
    mean_t = sum(times) / len(times)
    mean_c = sum(temperatures) / len(temperatures)
    spread = sum((t - mean_t) ** 2 for t in times)
    if spread == 0:
        return "not-stated: all looks at one moment"
    both = zip(times, temperatures, strict=True)
    return sum((t - mean_t) * (c - mean_c) for t, c in both) / spread
