"""Which devices there are, who they are and in what state: adb, the inventory, serial ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from host.errors import HostError
from host.handover.inventory import Inventory, InventoryDevice
from host.pipeline.asked import ask_all
from host.pipeline.device_lists import (
    LISTERS,
    SILENT_PORT,
    Lister,
    Row,
    installed,
    listed,
    rows_of,
)
from host.pipeline.device_probe import NOT_YET, BehindError, network_place, probe, text_of
from host.plan.address import Address, parse_address

Rows = tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """devices: those of the inventory first. notes: what could not be listed, and why."""

    devices: Rows
    notes: tuple[str, ...]


def survey(
    inventory: Inventory, *, timeout_s: float, listers: Mapping[str, Lister] | None = None
) -> Survey:
    """Ask for all devices at once; whatever does not answer, this ends after timeout_s.

    listers: who lists the devices of `adb` and the ports of `serial`; those of LISTERS without.
    """
    given = installed() if listers is None else listers
    entries = [(device, parse_address(device.address)) for device in inventory.device]
    answers = ask_all(_questions(entries, given, timeout_s), timeout_s=timeout_s)
    notes = tuple(_note(way, answers.get(way), given, timeout_s) for way in LISTERS)
    found = {way: rows_of(way, answers.get(way)) for way in LISTERS}
    known = [_entry(device, _seen(place, answers, found), place) for device, place in entries]
    taken = {address for row in known for address in (row.address.partition("@")[0], row.also)}
    others = [row for rows in found.values() for row in rows or () if row.address not in taken]
    return Survey(tuple(_marked([*known, *others])), tuple(n for n in notes if n))


def _questions(
    entries: Iterable[tuple[InventoryDevice, Address]],
    given: Mapping[str, Lister],
    timeout_s: float,
) -> dict[str, Callable[[], tuple[object, ...]]]:
    """Every lister by its way, every probe by its address."""
    questions: dict[str, Callable[[], tuple[object, ...]]] = {
        way: partial(listed, lister) for way, lister in given.items()
    }
    for device, address in entries:
        if address.way in ("ssh", "adb-direct") or network_place(address):
            config = device.options.ssh_config
            questions[str(address)] = partial(probe, address, config, timeout_s)
    return questions


def _note(way: str, answer: object, given: Mapping[str, Lister], timeout_s: float) -> str:
    if way not in given or isinstance(answer, ImportError):
        return f"{way}: not installed, so its devices are not listed"
    if isinstance(answer, Exception):
        return f"{way}: {_why(answer)}"
    return f"{way}: no list within {timeout_s:g} s" if answer is None else ""


def _entry(device: InventoryDevice, seen: Row, address: Address) -> Row:
    """A device of the inventory: its state as seen, its identity as written."""
    return replace(
        seen,
        address=str(address),
        name=device.name,
        profile=device.profile or "",
        maker=device.maker or seen.maker,
        model=device.model or seen.model,
        serial_number=device.serial_number or seen.serial_number,
        also=seen.also if seen.also != str(address) else seen.address,
    )


def _seen(
    address: Address, answers: Mapping[str, object], found: Mapping[str, Rows | None]
) -> Row:
    match address.way:
        case "local":
            return Row("local", "online")
        case "adb":
            return _phone(address, found["adb"], answers.get(str(address)))
        case "serial":
            return _port(address, found["serial"])
        case "ssh" | "adb-direct":
            return _answered(address, answers.get(str(address)))


def _phone(address: Address, rows: Rows | None, answer: object) -> Row:
    said = str(address)
    if rows is None:
        return Row(said, "unknown", note="adb could not be asked")
    for row in rows:
        if said in (row.address, row.also):
            return row
    same = [row.address for row in rows if row.serial_number == address.target]
    if same:
        note = f"{len(same)} devices have this serial number; say {' or '.join(same)}"
        return Row(said, "unknown", duplicate=True, note=note)
    if isinstance(answer, tuple):
        return Row(said, "unknown", note=NOT_YET)
    return Row(said, "unreachable", note="adb does not list it")


def _port(address: Address, rows: Rows | None) -> Row:
    for row in rows or ():
        if row.address == f"serial:{address.target}":
            return row
    if Path(address.target).exists():
        return Row(str(address), "unknown", note=SILENT_PORT)
    return Row(str(address), "unreachable", note="there is no such port")


def _answered(address: Address, answer: object) -> Row:
    said = str(address)
    if isinstance(answer, tuple):
        return Row(said, "online", note=str(answer[0]))
    if isinstance(answer, BehindError):
        return Row(said, "unknown", note=_why(answer))
    note = _why(answer) if isinstance(answer, Exception) else "no answer in time"
    return Row(said, "unreachable", note=note)


def _marked(rows: list[Row]) -> Iterator[Row]:
    """Say of each row whose serial number another has that it is so."""
    count = Counter(row.serial_number for row in rows if row.serial_number)
    for row in rows:
        others = count[row.serial_number] - 1
        if others > 0:
            said = f"serial number of {others} other {'device' if others == 1 else 'devices'}, too"
            note = f"{row.note}; {said}" if row.note else said
            yield replace(row, duplicate=True, note=note)
        else:
            yield row


def _why(err: Exception) -> str:
    if isinstance(err, TimeoutError):
        return "no answer in time"
    said = str(err) if isinstance(err, HostError) else getattr(err, "strerror", None) or str(err)
    return text_of(said) or type(err).__name__
