"""The battery as `dumpsys battery` or the power_supply class of the kernel states it.

The kernel: Documentation/ABI/testing/sysfs-class-power (uV, uA, uAh, 0.1 degC). Android: header
line, an optional note in brackets, then `key: value` lines; voltage in mV, temperature in
0.1 degC, status and health by number (android.os.BatteryManager).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, cast

from agent.supplies import (
    COLDEST_DECI_C,
    HOTTEST_DECI_C,
    MOST_ONLINE,
    STATUS_OF_WORD,
    battery_name,
    feeder_names,
    is_fed,
)
from collectors.device.dumps import battery_block
from host.state.missing import Keys, Missing, per, shown, text_of

Status = Literal["unknown", "charging", "discharging", "not_charging", "full"]

_STATUS: dict[int, Status] = {
    1: "unknown",
    2: "charging",
    3: "discharging",
    4: "not_charging",
    5: "full",
}
_WORDS = cast("dict[str, Status]", STATUS_OF_WORD)
_PLUGS = ("AC", "USB", "Wireless", "Dock")
NOT_ASKED = Missing("not-asked")
# 200 V: traction batteries of cars are not read here. Sorts out sentinels and noise.
_MOST_MV = 200_000
# 10 kAh. A gauge that keeps no count says 0 or less, so 0 is no charge here.
_MOST_UAH = 10**10


@dataclass(frozen=True, slots=True)
class Battery:
    """What is known of the battery and of what feeds it.

    level_ratio: 0..1 of the framework's scale. plugged: which inputs have power. faked: the
    framework was told what to say (`dumpsys battery unplug`, `set`); then nothing of it counts.
    charge_uah, current_now: as the source gives them; the unit and sign of current_now differ by
    maker (see `fuel_gauge.py`).
    """

    present: bool | Missing = NOT_ASKED
    status: Status | Missing = NOT_ASKED
    level_ratio: float | Missing = NOT_ASKED
    temperature_c: float | Missing = NOT_ASKED
    voltage_v: float | Missing = NOT_ASKED
    charge_uah: int | Missing = NOT_ASKED
    current_now: int | Missing = NOT_ASKED
    health: int | Missing = NOT_ASKED
    plugged: tuple[str, ...] | Missing = NOT_ASKED
    faked: bool = False
    source: str = field(default="")

    @property
    def fed(self) -> bool | Missing:
        """Whether energy comes from outside (`agent/supplies.py`)."""
        status = None if isinstance(self.status, Missing) else self.status
        fed = is_fed(status, None if isinstance(self.plugged, Missing) else self.plugged)
        if fed is not None:
            return fed
        if isinstance(self.status, Missing):
            return self.status
        return self.plugged if isinstance(self.plugged, Missing) else False


def all_missing(why: Missing, *, faked: bool = False, source: str = "") -> Battery:
    """A battery of which nothing is known, for one reason."""
    names = [f.name for f in fields(Battery) if f.name not in ("faked", "source")]
    return Battery(**dict.fromkeys(names, why), faked=faked, source=source)


def parse_dumpsys_battery(raw: bytes) -> Battery:
    """The first block of `dumpsys battery`, first occurrence of each key. Never raises.

    Makers append event logs that repeat the keys: the block ends at a blank line or where the
    indent changes.
    """
    source = "dumpsys battery"
    found, faked = battery_block(text_of(raw))
    if not found and not faked:
        return all_missing(Missing("not-understood", shown(text_of(raw))), source=source)
    if faked:
        said = ", ".join(f"{k}: {v}" for k, v in found.items() if k in ("status", "level"))
        why = Missing("faked", shown(f"UPDATES STOPPED; it says {said or 'nothing'}"))
        return all_missing(why, faked=True, source=source)
    keys = Keys(found)
    return Battery(
        present=keys.truth("present"),
        status=_status(keys),
        level_ratio=_level(keys),
        temperature_c=per(keys.whole("temperature", COLDEST_DECI_C, HOTTEST_DECI_C), 10),
        voltage_v=per(keys.whole("voltage", 1, _MOST_MV), 1000),
        charge_uah=keys.whole("Charge counter", 1, _MOST_UAH),
        current_now=Missing("not-stated", "current now"),
        health=keys.whole("health", 0, 100),
        plugged=_plugged(keys),
        source=source,
    )


def _status(keys: Keys) -> Status | Missing:
    code = keys.whole("status", -(10**9), 10**9)
    if isinstance(code, Missing):
        return code
    return _STATUS.get(code, Missing("not-understood", f"battery status {code}"))


def _level(keys: Keys) -> float | Missing:
    scale = keys.whole("scale", 1, 10**6)
    if isinstance(scale, Missing):
        return scale
    level = keys.whole("level", 0, scale)
    return level if isinstance(level, Missing) else level / scale


def _plugged(keys: Keys) -> tuple[str, ...] | Missing:
    """Inputs with power. Of an input that is not stated nothing is assumed but its absence.

    Older Androids know no dock; where none of the four is stated, that is the answer.
    """
    states = {plug: keys.truth(f"{plug} powered") for plug in _PLUGS}
    for state in states.values():
        if isinstance(state, Missing) and state.code != "not-stated":
            return state
    if all(isinstance(state, Missing) for state in states.values()):
        return Missing("not-stated", "AC, USB, Wireless, Dock powered")
    return tuple(plug.lower() for plug, state in states.items() if state is True)


def battery_of_supplies(supplies: Mapping[str, Mapping[str, str]]) -> Battery:
    """The battery of a power_supply class: supply name to its attributes. Never raises.

    The first supply, by name, of type Battery that is not of another device (scope Device: a
    mouse). Mains, USB and the like are what feeds it, where they say `online`.
    """
    source = "power_supply"
    name = battery_name(supplies)
    plugged = _online(supplies)
    if name is None:
        gone = all_missing(Missing("not-there", "no supply of type Battery"), source=source)
        return replace(gone, plugged=plugged)
    keys = Keys(supplies[name])
    word = keys.text("status")
    return Battery(
        present=_present(keys),
        status=word
        if isinstance(word, Missing)
        else _WORDS.get(word.lower(), Missing("not-understood", shown(word))),
        level_ratio=per(keys.whole("capacity", 0, 100), 100),
        temperature_c=per(keys.whole("temp", COLDEST_DECI_C, HOTTEST_DECI_C), 10),
        voltage_v=per(keys.whole("voltage_now", 1, _MOST_MV * 1000), 1_000_000),
        charge_uah=keys.whole("charge_counter", 1, _MOST_UAH),
        current_now=keys.whole("current_now", -(10**9), 10**9),
        health=Missing("not-stated", "health"),
        plugged=plugged,
        source=f"{source}/{shown(name)}",
    )


def _present(keys: Keys) -> bool | Missing:
    code = keys.whole("present", 0, 1)
    return code if isinstance(code, Missing) else code == 1


def _online(supplies: Mapping[str, Mapping[str, str]]) -> tuple[str, ...] | Missing:
    """Supplies that feed the device: `online` 1 fixed, 2 programmable (sysfs-class-power)."""
    feeds = {n: Keys(supplies[n]).whole("online", 0, MOST_ONLINE) for n in feeder_names(supplies)}
    for state in feeds.values():
        if isinstance(state, Missing):
            return state
    if not feeds:
        return Missing("not-there", "no supply that could feed the device")
    return tuple(shown(name) for name, state in feeds.items() if state)
