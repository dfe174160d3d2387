"""Gates on a device's state: what must hold before an attempt, and between two of them.

The rules are pure, and most of them the agent's too (`agent/gates.py`); `wait_until_open` is the
loop. A gate that times out voids the attempt, and
whoever waits is shown why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent import gates as rules
from agent.gates import Known, Look
from collectors.protocol import Clock
from host.handover.limits import limits_of
from host.handover.plan import GatePlan
from host.state.missing import Missing
from host.state.questions import Part
from host.state.restore import Pause, pause
from host.state.snapshot import DeviceState
from host.state.thermal import STATUS_NAMES

# Every look starts services on a phone and warms it; more often than this tells nothing more.
POLL_S = 5.0
_NS_PER_S = 1_000_000_000

See = Callable[[], DeviceState]
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
    looks = [look_of(moment.state, moment.t_ns) for moment in seen]
    first = None if start is None else look_of(start, looks[0].t_ns)
    return (
        *rules.shut(limits_of(gates), looks, first),
        *_thermal(gates, seen[-1].state),
    )


def wait_until_open(
    gates: GatePlan,
    look: See,
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
        waiting(why)
        wait(POLL_S)


def _thermal(gates: GatePlan, now: DeviceState) -> Iterator[str]:
    """Android's thermal status, which no file shows: an agent cannot look at it."""
    limit, status = gates.max_thermal_status, now.thermal.status
    if limit is None:
        return
    if isinstance(status, Missing):
        yield f"thermal status is not known ({status})"
    elif status > limit:
        most = STATUS_NAMES[limit]
        yield f"thermal status {STATUS_NAMES[status]}, must be at most {most}"


def look_of(state: DeviceState, t_ns: int) -> Look:
    """A state as the rules that agent and host share take it."""
    battery, ticks = state.any_battery, state.load.ticks
    return Look(
        t_ns,
        ticks=str(ticks) if isinstance(ticks, Missing) else (ticks.total, ticks.idle),
        hottest_c=_known(state.hottest_c),
        level_ratio=_known(battery.level_ratio),
        battery_c=_known(battery.temperature_c),
        fed=str(battery.fed) if isinstance(battery.fed, Missing) else battery.fed,
        battery=str(battery.status),
        feeders=battery.plugged if isinstance(battery.plugged, tuple) else (),
    )


def _known(value: float | Missing) -> Known:
    return str(value) if isinstance(value, Missing) else value
