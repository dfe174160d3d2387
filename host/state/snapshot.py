"""The state of a device at one moment, in one call; everything that is absent says why."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from host.state.battery import Battery, all_missing, battery_of_supplies, parse_dumpsys_battery
from host.state.description import Description
from host.state.missing import Missing, real, shown, text_of
from host.state.power import (
    Doze,
    Screen,
    parse_airplane,
    parse_deviceidle,
    parse_power,
    parse_whole_setting,
)
from host.state.processor import (
    Load,
    Policy,
    busy_between,
    parse_loadavg,
    parse_ticks,
    policies_of,
    throttle_events,
)
from host.state.questions import Part, sections_for
from host.state.sections import Answer, answer, answers_of, folders_of, script
from host.state.thermal import Thermal, parse_thermalservice, thermal_of_class
from host.transport.base import Transport

NOT_ASKED = Missing("not-asked")
# All sections together; each command has a deadline of its own where the device can keep it.
CALL_S = 120.0
_BOOT_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_LONGEST_UPTIME_S = 1e10


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of Android. brightness: 0..255 on most. low_power: the battery saver, 0 or 1."""

    brightness: int | Missing = NOT_ASKED
    brightness_automatic: int | Missing = NOT_ASKED
    airplane: bool | Missing = NOT_ASKED
    low_power: int | Missing = NOT_ASKED


@dataclass(frozen=True, slots=True)
class DeviceState:
    """One snapshot. battery, thermal: as the framework says; kernel_*: as sysfs says beside it."""

    boot_id: str | Missing = NOT_ASKED
    uptime_s: float | Missing = NOT_ASKED
    battery: Battery = field(default_factory=Battery)
    kernel_battery: Battery = field(default_factory=Battery)
    thermal: Thermal = field(default_factory=Thermal)
    kernel_thermal: Thermal = field(default_factory=Thermal)
    screen: Screen = field(default_factory=Screen)
    settings: Settings = field(default_factory=Settings)
    doze: Doze = field(default_factory=Doze)
    policies: tuple[Policy, ...] | Missing = NOT_ASKED
    load: Load = field(default_factory=Load)

    @property
    def hottest_c(self) -> float | Missing:
        """The hottest sensor of the device that can be read, in degrees Celsius."""
        both = (self.thermal.hottest_c, self.kernel_thermal.hottest_c)
        known = [one for one in both if not isinstance(one, Missing)]
        if known:
            return max(known)
        return next((m for m in both if isinstance(m, Missing) and m != NOT_ASKED), NOT_ASKED)

    @property
    def any_battery(self) -> Battery:
        """The framework's battery where it says a status, or is faked; else the kernel's."""
        if self.battery.faked or not isinstance(self.battery.status, Missing):
            return self.battery
        return self.kernel_battery

    @property
    def faked(self) -> tuple[str, ...]:
        """What the device was told to say instead of what is."""
        found = []
        if self.battery.faked:
            found.append("battery: UPDATES STOPPED")
        if self.thermal.overridden is True:
            found.append("thermal status: overridden")
        return tuple(found)


def snapshot(
    transport: Transport,
    description: Description,
    *,
    parts: Collection[Part] | None = None,
    busy_over_s: int = 0,
) -> DeviceState:
    """Ask the device in one call. Raises TransportError when the way to it fails.

    parts: what to ask, all when left out. busy_over_s: how long to look at foreign load, between
    two readings of CPU time before anything else is asked.
    """
    mark = f"inferometer-{secrets.token_hex(8)}"
    asked = script(sections_for(description, parts, busy_over_s=busy_over_s), mark)
    done = transport.call(["sh", "-c", asked], timeout_s=CALL_S + busy_over_s)
    return state_of(answers_of(done.stdout, mark))


def state_of(answers: Mapping[str, Answer]) -> DeviceState:
    """The state that answers tell. Never raises, whatever they hold."""
    return DeviceState(
        boot_id=boot_id_of(answer(answers, "boot_id")),
        uptime_s=_uptime(answer(answers, "uptime")),
        battery=_battery(answers),
        kernel_battery=_kernel_battery(answers),
        thermal=_thermal(answers),
        kernel_thermal=_kernel_thermal(answers),
        screen=_screen(answer(answers, "power")),
        settings=_settings(answers),
        doze=_doze(answer(answers, "deviceidle")),
        policies=_policies(answers),
        load=_load(answers),
    )


def boot_id_of(said: bytes | Missing) -> str | Missing:
    """The kernel's id of this boot (proc_sys_kernel(5)). Never raises."""
    if isinstance(said, Missing):
        return said
    text = text_of(said).strip()
    return text if _BOOT_ID.fullmatch(text) else Missing("not-understood", shown(text))


def _uptime(said: bytes | Missing) -> float | Missing:
    if isinstance(said, Missing):
        return said
    words = text_of(said).split()
    return real(words[0], 0, _LONGEST_UPTIME_S) if words else Missing("not-stated", "uptime")


def _battery(answers: Mapping[str, Answer]) -> Battery:
    said = answer(answers, "battery")
    return all_missing(said) if isinstance(said, Missing) else parse_dumpsys_battery(said)


def _kernel_battery(answers: Mapping[str, Answer]) -> Battery:
    found = folders_of(answers, "supplies")
    return all_missing(found) if isinstance(found, Missing) else battery_of_supplies(found)


def _thermal(answers: Mapping[str, Answer]) -> Thermal:
    said = answer(answers, "thermal")
    return (
        Thermal(said, said, said, said)
        if isinstance(said, Missing)
        else parse_thermalservice(said)
    )


def _kernel_thermal(answers: Mapping[str, Answer]) -> Thermal:
    zones, cooling = folders_of(answers, "zones"), folders_of(answers, "cooling")
    if isinstance(zones, Missing):
        return Thermal(zones, zones, zones, zones)
    if isinstance(cooling, Missing):
        return Thermal(cooling, cooling, cooling, cooling)
    return thermal_of_class(zones, cooling)


def _screen(said: bytes | Missing) -> Screen:
    return Screen(said, said, said, said) if isinstance(said, Missing) else parse_power(said)


def _doze(said: bytes | Missing) -> Doze:
    return Doze(*[said] * 5) if isinstance(said, Missing) else parse_deviceidle(said)


def _settings(answers: Mapping[str, Answer]) -> Settings:
    airplane = answer(answers, "airplane")
    return Settings(
        brightness=_number(answer(answers, "brightness"), 65_535),
        brightness_automatic=_number(answer(answers, "brightness_mode"), 10),
        airplane=airplane if isinstance(airplane, Missing) else parse_airplane(airplane),
        low_power=_number(answer(answers, "low_power"), 10),
    )


def _number(said: bytes | Missing, high: int) -> int | Missing:
    return said if isinstance(said, Missing) else parse_whole_setting(said, 0, high)


def _policies(answers: Mapping[str, Answer]) -> tuple[Policy, ...] | Missing:
    found = folders_of(answers, "policies")
    return found if isinstance(found, Missing) else policies_of(found)


def _load(answers: Mapping[str, Answer]) -> Load:
    average, stat = answer(answers, "loadavg"), answer(answers, "stat")
    later, cores = answer(answers, "stat_later"), folders_of(answers, "cores")
    ticks = stat if isinstance(stat, Missing) else parse_ticks(stat)
    last = later if isinstance(later, Missing) else parse_ticks(later)
    return Load(
        loadavg_1min=average if isinstance(average, Missing) else parse_loadavg(average),
        ticks=ticks if isinstance(last, Missing) else last,
        throttle_events=cores
        if isinstance(cores, Missing)
        else throttle_events({n: v for n, f in cores.items() for v in f.values()}),
        busy_ratio=busy_between(ticks, last),
    )


def to_json(value: Any) -> Any:  # noqa: ANN401 - any part of a state
    """A state, or a part of one, as JSON. What is missing is an object `missing`, `detail`."""
    if isinstance(value, Missing):
        return {"missing": value.code, "detail": value.detail}
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    return value
