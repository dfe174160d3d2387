"""What two records have in common physically: the device, its clock, instruments, the run.

Errors of a common instrument do not average out and do not add up: they enter a difference with
r = +1. Whether an instrument is common is decided by identity, never by its name alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host.compare.measured import Measured, SharedTerm
from host.handover.formal import EquipmentField
from host.handover.record import Record

# Facts of `item.before` that belong to one device alone; a boot has one device.
_IDENTITY = ("serial", "machine_id", "boot_id")
# One of these alike is the same device; these unlike are two devices (boots come and go).
_PERMANENT = ("serial", "machine_id")


def same_device(a: Record, b: Record) -> bool | None:
    """Whether both records are of one device; None where neither yes nor no can be shown."""
    first, second = _identity(a.item), _identity(b.item)
    if any(first.get(key) and first.get(key) == second.get(key) for key in _IDENTITY):
        return True
    if any(first.get(key) and second.get(key) for key in _PERMANENT):
        return False
    if _name(a.item) != _name(b.item):
        return False
    return None


def other_boot(a: Record, b: Record) -> bool:
    """Whether one device was started anew between both records, and so were its clocks."""
    first, second = (_identity(each.item).get("boot_id", "") for each in (a, b))
    return same_device(a, b) is True and bool(first and second) and first != second


def same_run(a: Record, b: Record) -> bool:
    """Whether both records come from the same sealed raw data."""
    return bool(a.payload_sha256) and a.payload_sha256 == b.payload_sha256


def common_equipment(a: Record, b: Record) -> dict[str, str]:
    """A's id -> B's id of one instrument: the same maker, model and serial number."""
    others = {_who(e): e.id for e in b.equipment if e.serial}
    return {e.id: others[_who(e)] for e in a.equipment if e.serial and _who(e) in others}


def common_terms(
    a: tuple[Record, Measured], b: tuple[Record, Measured]
) -> tuple[tuple[SharedTerm, SharedTerm], ...]:
    """Pairs of rows of A and B that are one physical error, each row at most once.

    The rows are of one piece of equipment, whatever id each laboratory gives it; or, without one,
    bear the same `shared` name on the same device. Several such rows are paired by their symbols.
    """
    shared = common_equipment(a[0], b[0])
    device = same_device(a[0], b[0]) is True
    pairs = []
    for mine in a[1].shared:
        rows = [t for t in b[1].shared if _one_origin(mine, t, shared, device=device)]
        alike = [t for t in a[1].shared if _origin(t) == _origin(mine)]
        several = len(rows) > 1 or len(alike) > 1
        fit = [t for t in rows if not several or t.symbol == mine.symbol]
        if fit:
            pairs.append((mine, fit[0]))
    return tuple(pairs)


def _one_origin(
    mine: SharedTerm, other: SharedTerm, shared: Mapping[str, str], *, device: bool
) -> bool:
    if mine.equipment_ref or other.equipment_ref:
        return other.equipment_ref == shared.get(mine.equipment_ref)
    return device and mine.name == other.name


def _origin(term: SharedTerm) -> str:
    return term.equipment_ref or term.name


def unaccounted(a: tuple[Record, Measured], b: tuple[Record, Measured]) -> tuple[str, ...]:
    """Instruments that stand behind both results without a common row that says how far.

    Empty: what is common is in the covariance, or nothing is common. On one device its clock is
    common to all times, and its own counter to all readings of it.
    """
    accounted = {first.equipment_ref for first, _ in common_terms(a, b)}
    shared = common_equipment(a[0], b[0])
    used = a[1].instruments | _instruments_of_channel(a[0], a[1].quantity.source)
    common = used & set(shared)
    open_ones = sorted(common - accounted)
    if same_device(a[0], b[0]) is True and not common and "" not in accounted:
        open_ones.append(a[1].quantity.source or "clock of the device")
    return tuple(open_ones)


def _instruments_of_channel(record: Record, channel: str) -> frozenset[str]:
    return frozenset(e.id for e in record.equipment if channel and channel in e.channels)


def _who(equipment: EquipmentField) -> tuple[str, str, str]:
    return equipment.maker, equipment.model, equipment.serial


def _identity(item: Mapping[str, Any]) -> dict[str, str]:
    """The identifying facts, wherever the device's description or the laboratory put them."""
    before = item.get("before")
    said = {**item, **(before if isinstance(before, Mapping) else {})}
    product = said.get("product")
    if isinstance(product, Mapping):
        said = {**product, **said}
    return {key: str(said[key]) for key in _IDENTITY if said.get(key)}


def _name(item: Mapping[str, Any]) -> tuple[str, ...]:
    before = item.get("before")
    said = before if isinstance(before, Mapping) else {}
    cpu = said.get("cpu")
    name = cpu.get("name", cpu.get("model", "")) if isinstance(cpu, Mapping) else ""
    return (str(said.get("maker", "")), str(said.get("name", "")), str(name))


def permanent_identity(record: Record) -> str:
    """What belongs to one device for good, `serial 12ab` or `machine_id 34cd`; "" without any."""
    said = _identity(record.item)
    return next((f"{key} {said[key]}" for key in _PERMANENT if key in said), "")
