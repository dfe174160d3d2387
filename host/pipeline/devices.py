"""Which devices there are, who they are and in what state: adb, the inventory, serial ports."""

from __future__ import annotations

import importlib
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from host.errors import HostError
from host.handover.inventory import Inventory, InventoryDevice
from host.pipeline.asked import ask_all
from host.plan.address import Address, parse_address

State = Literal["online", "offline", "unauthorized", "unreachable", "unknown"]
Lister = Callable[[], Iterable[object]]

# Who lists devices of a way: imported on use, since both need libraries that are extras.
LISTERS: Mapping[str, str] = {
    "adb": "host.transport.adb:devices",
    "serial": "host.transport.serial_console:ports",
}
# What a far end says of itself is cut off there.
MAX_TEXT = 100
# RFC 4253, 4.2: an identification line holds at most 255 bytes; a server may greet before it.
MAX_GREETING_BYTES = 4096
_ADB_STATES: Mapping[str, State] = {
    "device": "online",
    "offline": "offline",
    "unauthorized": "unauthorized",
    "authorizing": "unauthorized",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One device. duplicate: another device has this serial number. note: why, in a sentence."""

    address: str
    state: State
    name: str = ""
    profile: str = ""
    maker: str = ""
    model: str = ""
    serial_number: str = ""
    duplicate: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Survey:
    """devices: those of the inventory first. notes: what could not be listed, and why."""

    devices: tuple[Row, ...]
    notes: tuple[str, ...]


def survey(
    inventory: Inventory, *, timeout_s: float, listers: Mapping[str, Lister] | None = None
) -> Survey:
    """Ask for all devices at once; whatever does not answer, this ends after timeout_s.

    listers: who lists the devices of `adb` and the ports of `serial`; those of LISTERS without.
    """
    given = _installed() if listers is None else listers
    entries = [(device, parse_address(device.address)) for device in inventory.device]
    listed = {way: partial(_listed, lister) for way, lister in given.items()}
    probes = {
        str(address): partial(_greeting, address, timeout_s)
        for device, address in entries
        if address.way in ("ssh", "adb-direct") and device.options.ssh_config is None
    }
    answers = ask_all({**listed, **probes}, timeout_s=timeout_s)
    notes = tuple(_note(way, answers.get(way), given, timeout_s) for way in LISTERS)
    found = {way: _rows(way, answers.get(way)) for way in LISTERS}
    known = [
        _entry(device, address, answers.get(str(address)), found) for device, address in entries
    ]
    taken = {row.address.partition("@")[0] for row in known}
    others = [row for way in LISTERS for row in _unlisted(found[way], taken)]
    return Survey(tuple(_marked([*known, *others])), tuple(n for n in notes if n))


def _installed() -> dict[str, Lister]:
    """Listers by name; an import that fails says so when it is asked."""
    return {way: partial(_of, place) for way, place in LISTERS.items()}


def _of(place: str) -> Iterable[object]:
    module, _, attribute = place.partition(":")
    lister: Lister = getattr(importlib.import_module(module), attribute)
    return lister()


def _listed(lister: Lister) -> tuple[object, ...]:
    return tuple(lister())


def _greeting(address: Address, timeout_s: float) -> tuple[object, ...]:
    """What answers at a TCP port: an SSH server's identification, or that the port is open."""
    with socket.create_connection((address.target, address.port), timeout=timeout_s) as end:
        if address.way != "ssh":
            return ("the port is open; adbd was not asked",)
        end.settimeout(timeout_s)
        said = b""
        while len(said) < MAX_GREETING_BYTES and (chunk := end.recv(256)):
            said += chunk
            for line in said.split(b"\n")[:-1]:
                if line.startswith(b"SSH-"):
                    return (_text(line.decode("ascii", "replace")),)
    raise ValueError("something answers there, and it is no SSH server")


def _note(way: str, answer: object, given: Mapping[str, Lister], timeout_s: float) -> str:
    if way not in given or isinstance(answer, ImportError):
        return f"{way}: not installed, so its devices are not listed"
    if isinstance(answer, Exception):
        return f"{way}: {_why(answer)}"
    return f"{way}: no list within {timeout_s:g} s" if answer is None else ""


def _rows(way: str, answer: object) -> dict[str, list[Row]] | None:
    """Rows by serial or port; None where nothing could be listed."""
    if not isinstance(answer, tuple):
        return None
    rows: dict[str, list[Row]] = {}
    for one in answer:
        key = _field(one, "serial") if way == "adb" else _field(one, "device", "path", "port")
        if key:
            rows.setdefault(key, []).append(_adb(one, key) if way == "adb" else _port(one, key))
    return rows


def _adb(one: object, serial: str) -> Row:
    said = _field(one, "state")
    state = _ADB_STATES.get(said, "unknown")
    note = {
        "unauthorized": "allow this computer on the phone's screen",
        "offline": "adb sees it and gets no answer: plug it in again",
    }.get(state, "" if state == "online" else f"adb says {said or 'nothing'}")
    model = _field(one, "model")
    return Row(f"adb:{serial}", state, model=model, serial_number=serial, note=note)


def _port(one: object, path: str) -> Row:
    return Row(
        f"serial:{path}",
        "unknown",
        maker=_field(one, "manufacturer"),
        model=_field(one, "product", "description"),
        serial_number=_field(one, "serial_number"),
        note="the port is there; whoever is behind it was not asked",
    )


def _entry(
    device: InventoryDevice,
    address: Address,
    answer: object,
    found: Mapping[str, dict[str, list[Row]] | None],
) -> Row:
    """A device of the inventory: its state as seen, its identity as written."""
    seen = _seen(device, address, answer, found)
    return replace(
        seen,
        address=str(address),
        name=device.name,
        profile=device.profile or "",
        maker=device.maker or seen.maker,
        model=device.model or seen.model,
        serial_number=device.serial_number or seen.serial_number,
    )


def _seen(
    device: InventoryDevice,
    address: Address,
    answer: object,
    found: Mapping[str, dict[str, list[Row]] | None],
) -> Row:
    said = str(address)
    match address.way:
        case "local":
            return Row(said, "online")
        case "adb":
            listed = found["adb"]
            if listed is None:
                return Row(said, "unknown", note="adb could not be asked")
            none = Row(said, "unreachable", note="adb does not list it")
            return (listed.get(address.target) or [none])[0]
        case "serial":
            return _serial(address, found["serial"])
        case "ssh" | "adb-direct":
            if device.options.ssh_config is not None:
                return Row(said, "unknown", note="its way is in an ssh config: not asked")
            return _answered(said, answer)


def _serial(address: Address, listed: dict[str, list[Row]] | None) -> Row:
    known = (listed or {}).get(address.target)
    if known:
        return known[0]
    if Path(address.target).exists():
        note = "the port is there; whoever is behind it was not asked"
        return Row(str(address), "unknown", note=note)
    return Row(str(address), "unreachable", note="there is no such port")


def _answered(said: str, answer: object) -> Row:
    if isinstance(answer, tuple):
        return Row(said, "online", note=str(answer[0]))
    if isinstance(answer, Exception):
        return Row(said, "unreachable", note=_why(answer))
    return Row(said, "unreachable", note="no answer in time")


def _unlisted(found: dict[str, list[Row]] | None, taken: set[str]) -> Iterator[Row]:
    """Rows that the inventory does not name; of one serial listed twice it names the first."""
    for rows in (found or {}).values():
        yield from rows[1:] if rows[0].address in taken else rows


def _marked(rows: list[Row]) -> Iterator[Row]:
    """Say of each row whose serial number another has that it is so."""
    count = Counter(row.serial_number for row in rows if row.serial_number)
    for row in rows:
        if count[row.serial_number] > 1:
            others = count[row.serial_number] - 1
            said = f"serial number of {others} other {'device' if others == 1 else 'devices'}, too"
            note = f"{row.note}; {said}" if row.note else said
            yield replace(row, duplicate=True, note=note)
        else:
            yield row


def _field(one: object, *names: str) -> str:
    """The first of these attributes or keys that is a text; "" without, cut and cleaned."""
    for name in names:
        value = one.get(name) if isinstance(one, Mapping) else getattr(one, name, None)
        if isinstance(value, str) and value:
            return _text(value)
    return ""


def _text(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text.strip()[:MAX_TEXT])


def _why(err: Exception) -> str:
    if isinstance(err, TimeoutError):
        return "no answer in time"
    said = str(err) if isinstance(err, HostError) else getattr(err, "strerror", None) or str(err)
    return _text(said) or type(err).__name__
