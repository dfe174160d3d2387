"""One `timekeeping` answer of an agent, checked and typed. Pure; the answer is untrusted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from host.align.time_daemons import UnusableError, chrony_of, timesyncd_of
from host.handover.text import Txt
from host.handover.timekeeping import ClockSaid, Kernel, Moment, Pair, Sync, UtcSource

# What clock_gettime(2) says of each clock: (disciplined, stepped, stops in suspend).
NATURE: Mapping[str, tuple[bool, bool, bool]] = {
    "CLOCK_MONOTONIC_RAW": (False, False, True),
    "CLOCK_MONOTONIC": (True, False, True),
    "CLOCK_BOOTTIME": (True, False, False),
    "CLOCK_REALTIME": (True, True, False),
}
# Length of a tick of the kernel that is not corrected, us (adjtimex(2); USER_HZ is 100).
TICK_US = 10_000
MAX_CLOCKS = 32
# Beyond this a number of the kernel is none: its fields are 64-bit.
MAX_NUMBER = 2**63
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The last second that RFC 3339 can name.
MAX_WALL_NS = 253_402_300_799 * 10**9


def moment_of(said: Mapping[str, Any]) -> Moment:
    """Type an answer. What cannot be understood of it is absent, never guessed."""
    found, kernel = _pair(said.get("pair")), _kernel(said.get("kernel"))
    time = wall_of(found.realtime_ns) if found else ""
    source, sync, reasons = _source(said, kernel, time)
    why = "; ".join(reasons)
    absent = Txt(f"没有守护进程给出 UTC 来源：{why}", f"no daemon names a source of UTC: {why}")
    return Moment(
        boot_id=str(said.get("boot_id", ""))[:100],
        interval_clock=str(said.get("interval_clock", ""))[:100],
        clocks=_clocks(said.get("clocks")),
        pair=found,
        kernel=kernel,
        source=source,
        sync=sync,
        absent=Txt("", "") if source else absent,
    )


def wall_of(realtime_ns: int) -> str:
    """RFC 3339 with microseconds, `Z`."""
    stamp = EPOCH + timedelta(microseconds=realtime_ns // 1000)
    return stamp.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _source(
    said: Mapping[str, Any], kernel: Kernel | None, time: str
) -> tuple[UtcSource | None, Sync | None, list[str]]:
    """The first daemon that names a source of UTC, or why none does."""
    reasons = []
    try:
        return (*chrony_of(_object(said.get("chrony")), time), [])
    except UnusableError as err:
        reasons.append(f"chronyd: {err}")
    if "timesyncd" not in said:
        return None, None, [*reasons, "systemd-timesyncd: not-present"]
    try:
        return (*timesyncd_of(_object(said.get("timesyncd")), kernel, time), [])
    except UnusableError as err:
        return None, None, [*reasons, f"systemd-timesyncd: {err}"]


def _object(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - untrusted JSON
    return value if isinstance(value, Mapping) else {}


def _pair(value: Any) -> Pair | None:  # noqa: ANN401 - untrusted JSON
    names = ("raw0_ns", "raw1_ns", "monotonic_ns", "boottime_ns", "realtime_ns")
    texts = [str(_object(value).get(name, "")) for name in names]
    if not all(text.isdecimal() and len(text) < 20 for text in texts):  # noqa: PLR2004 - 63 bits
        return None
    found = Pair(*(int(text) for text in texts))
    good = found.raw1_ns >= found.raw0_ns and found.realtime_ns <= MAX_WALL_NS
    return found if good else None


def _kernel(value: Any) -> Kernel | None:  # noqa: ANN401 - untrusted JSON
    said = _object(value)
    names = ("frequency_ppm", "tick_us", "maxerror_us")
    numbers = [n for n in (_number(said.get(name)) for name in names) if n is not None]
    if len(numbers) != len(names):
        return None
    frequency, tick, maxerror = numbers
    if maxerror < 0 or tick <= 0:
        return None
    adjustment = frequency + (tick - TICK_US) / TICK_US * 1e6
    return Kernel(said.get("synchronised") is True, adjustment, maxerror * 1e-6)


def _number(value: Any) -> float | None:  # noqa: ANN401 - untrusted JSON
    whole = type(value) in (int, float)
    return float(value) if whole and abs(value) <= MAX_NUMBER else None


def _clocks(value: Any) -> tuple[ClockSaid, ...]:  # noqa: ANN401 - untrusted JSON
    found = []
    for said in (value if isinstance(value, list) else [])[:MAX_CLOCKS]:
        api, resolution = str(_object(said).get("api")), _object(said).get("resolution_ns")
        if api not in NATURE or type(resolution) is not int or resolution < 1:
            continue
        cost = _object(said).get("read_cost_ns")
        known = cost if type(cost) is int and cost >= 0 else None
        found.append(ClockSaid(api, resolution, known, *NATURE[api]))
    return tuple(found)
