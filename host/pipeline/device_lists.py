"""Devices as adb and the serial ports of this machine list them."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

from host.pipeline.device_probe import text_of

State = Literal["online", "offline", "unauthorized", "unreachable", "unknown"]
Lister = Callable[[], Iterable[object]]

# Who lists devices of a way: imported on use, since both need libraries that are extras.
LISTERS: Mapping[str, str] = {
    "adb": "host.transport.adb:devices",
    "serial": "host.transport.serial_port:ports",
}
SILENT_PORT = "the port is there; whoever is behind it was not asked"
# What adb calls the serial of a device on the network is an address, and no number of a product.
_NETWORK = re.compile(r":[0-9]{1,5}$|\._tcp\.?$")
# adb(1), `adb devices`: state -> ours, and what to do.
_ADB: Mapping[str, tuple[State, str]] = {
    "device": ("online", ""),
    "offline": ("offline", "adb sees it and gets no answer: plug it in again"),
    "unauthorized": ("unauthorized", "allow this computer on the phone's screen"),
    "authorizing": ("unauthorized", "it is asking on its screen whether to allow this computer"),
    "no permissions": ("unauthorized", "this user may not open its USB port"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One device. duplicate: another device has this serial number. note: why, in a sentence.

    also: another address of the same device, "" without.
    """

    address: str
    state: State
    name: str = ""
    profile: str = ""
    maker: str = ""
    model: str = ""
    serial_number: str = ""
    duplicate: bool = False
    note: str = ""
    also: str = ""


def installed() -> dict[str, Lister]:
    """Listers by way; an import that fails says so when it is asked."""
    return {way: partial(_of, place) for way, place in LISTERS.items()}


def listed(lister: Lister) -> tuple[object, ...]:
    """Everything that a lister gives, now."""
    return tuple(lister())


def rows_of(way: str, answer: object) -> tuple[Row, ...] | None:
    """What a lister gave, as rows; None where it gave nothing to read."""
    if not isinstance(answer, tuple):
        return None
    return tuple(_ports(answer)) if way == "serial" else tuple(_phones(answer))


def _of(place: str) -> Iterable[object]:
    module, _, attribute = place.partition(":")
    lister: Lister = getattr(importlib.import_module(module), attribute)
    return lister()


def _phones(found: Iterable[object]) -> Iterable[Row]:
    """A device by its serial, by adb's number of its transport where two have the serial."""
    phones = [(_field(one, "serial"), one) for one in found]
    count = Counter(serial for serial, _ in phones)
    for serial, one in phones:
        if serial:
            state, note = _state(_field(one, "state"))
            number = _field(one, "transport_id")
            by_serial, by_number = f"adb:{serial}", f"adb:tid={number}" if number else ""
            twice = count[serial] > 1 and by_number
            yield Row(
                by_number if twice else by_serial,
                state,
                model=_field(one, "model"),
                serial_number="" if _NETWORK.search(serial) else serial,
                note=note,
                also="" if twice else by_number,
            )


def _state(said: str) -> tuple[State, str]:
    word = "no permissions" if said.startswith("no permissions") else said
    return _ADB.get(word, ("unknown", f"adb says {said or 'nothing'}"))


def _ports(found: Iterable[object]) -> Iterable[Row]:
    for one in found:
        path = _field(one, "path", "device")
        if path:
            yield Row(
                f"serial:{path}",
                "unknown",
                maker=_field(one, "manufacturer"),
                model=_field(one, "description", "product"),
                serial_number=_field(one, "serial_number"),
                note=SILENT_PORT,
            )


def _field(one: object, *names: str) -> str:
    """The first of these attributes or keys that says something, cut and cleaned; else ""."""
    for name in names:
        value = one.get(name) if isinstance(one, Mapping) else getattr(one, name, None)
        if isinstance(value, str | int) and value != "":
            return text_of(str(value))
    return ""
