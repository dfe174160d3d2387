"""Which gates of a profile a device can be held to: those whose facts it shows. Pure.

A plan that names a gate means it, and what cannot be told voids the attempt then. A profile speaks
of a whole family: what this member of it does not show is left out, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from host.state.missing import Missing
from host.state.snapshot import DeviceState
from host.state.throttle import throttled


def _throttle(state: DeviceState) -> Missing | None:
    """Whether anything on the device could show that it throttled."""
    told = throttled(state, state)
    unknown = any(said.startswith("throttle-unknown") for said in told)
    return Missing("not-there", "nothing shows whether it throttles") if unknown else None


Fact = Callable[[DeviceState], object]
# Gate -> the fact it looks at, Missing where this device does not show it.
_FACTS: Final[Mapping[str, Fact]] = {
    "max_temperature_c": lambda s: s.hottest_c,
    "cooldown_above_start_k": lambda s: s.hottest_c,
    "max_busy_ratio": lambda s: s.load.ticks,
    "steady_for_s": lambda s: s.load.ticks,
    "min_battery_level_ratio": lambda s: s.any_battery.level_ratio,
    "max_battery_level_ratio": lambda s: s.any_battery.level_ratio,
    "max_battery_temperature_c": lambda s: s.any_battery.temperature_c,
    "forbid_charging": lambda s: s.any_battery.fed,
    "max_thermal_status": lambda s: s.thermal.status,
    "forbid_throttle": _throttle,
}


def split(
    gates: Mapping[str, object], state: DeviceState
) -> tuple[dict[str, object], dict[str, str]]:
    """The gates that this device can be held to, and why each of the others is left out."""
    lacking = {name: _lacking(name, state) for name in gates}
    taken = {name: value for name, value in gates.items() if not lacking[name]}
    return taken, {name: why for name, why in lacking.items() if why}


def _lacking(name: str, state: DeviceState) -> str:
    fact = _FACTS[name](state) if name in _FACTS else None
    return str(fact) if isinstance(fact, Missing) else ""
