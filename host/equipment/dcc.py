"""From a digital calibration certificate (DCC 3.x with D-SI) to a certificate of the file.

Structure: metrology note 3.2 and the public schema texts. What is not said there in so many words
is refused: a certificate that is half understood would move numbers.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from host.equipment.dcc_table import Table, tables_of
from host.equipment.dcc_xml import (
    DCC,
    KNOWN_VERSIONS,
    content_at,
    read_xml,
    root_of,
    text_at,
    validate,
)
from host.equipment.rules import certificate_faults
from host.errors import EquipmentError
from host.handover.equipment import Certificate

if TYPE_CHECKING:
    from lxml.etree import _Element

# Normal distribution at 95.45 %; a larger k tells of few degrees of freedom (GUM, table G.2).
LARGEST_K_OF_MANY = 2.05


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the certificate does not say, or says more than once.

    result: id or number from 1 of the result to take. roles: name of a quantity (its id or
    refType) -> `indication`, `reference`, `error` or `correction`. due, nu: DCC has no place for
    them; nu None is taken as `inf`, which the notes say.
    """

    result: str = ""
    roles: Mapping[str, str] | None = None
    due: datetime.date | None = None
    nu: str | None = None
    xsd_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A certificate, the serial numbers it names, and what the operator must look at."""

    certificate: Certificate
    serials: tuple[str, ...]
    notes: tuple[str, ...]


def import_dcc(path: Path, wanted: Wanted) -> Imported:
    """Read one table of a DCC. Raises EquipmentError for anything that is not plain."""
    data = read_xml(path)
    root = root_of(data, str(path))
    notes: list[str] = []
    if wanted.xsd_dir is not None:
        used = validate(data, str(path), wanted.xsd_dir)
        notes += [f"schema used, compare with the official hash: {line}" for line in used]
    version = str(root.get("schemaVersion", ""))
    if version not in KNOWN_VERSIONS:
        notes.append(f"schemaVersion {version!r} is not one of {', '.join(KNOWN_VERSIONS)}")
    table = _one(tables_of(root, str(path), wanted.roles or {}), wanted, str(path))
    if wanted.nu is None:
        notes.append('nu = "inf" is taken; a DCC states no degrees of freedom')
        if table.k > LARGEST_K_OF_MANY:
            notes.append(f"k = {table.k} hints at few degrees of freedom; state them with --nu")
    if wanted.due is None:
        notes.append("no due date: it will not raise a tier; state your plan's date with --due")
    if not _serials(root):
        notes.append("no serial number is named; see for yourself whose certificate it is")
    certificate = _certificate(root, path, (data, table), wanted)
    for fault in certificate_faults(certificate):
        raise EquipmentError(str(path), f"certificate {certificate.number}: {fault}")
    return Imported(certificate, _serials(root), tuple(notes))


def _one(tables: Sequence[Table], wanted: Wanted, name: str) -> Table:
    if not tables:
        raise EquipmentError(
            name,
            "no result pairs indications with a reference, an error or a correction by its"
            " refType; say which is which with --role",
        )
    if wanted.result:
        chosen = [t for t in tables if wanted.result in (t.id, str(t.place))]
        if len(chosen) != 1:
            known = ", ".join(t.id or str(t.place) for t in tables)
            raise EquipmentError(name, f"no result {wanted.result}; there are {known}")
        return chosen[0]
    if len(tables) > 1:
        known = ", ".join(t.id or str(t.place) for t in tables)
        raise EquipmentError(
            name, f"{len(tables)} results hold a table ({known}); choose with --result"
        )
    return tables[0]


def _certificate(
    root: _Element, path: Path, found: tuple[bytes, Table], wanted: Wanted
) -> Certificate:
    data, table = found
    core = root.find(f"{DCC}administrativeData")
    if core is None:
        raise EquipmentError(str(path), "has no administrativeData")
    number = text_at(core, "coreData/uniqueIdentifier")
    issuer = content_at(core, "calibrationLaboratory/contact/name")
    if not number or not issuer:
        missing = "uniqueIdentifier" if not number else "name of the calibration laboratory"
        raise EquipmentError(str(path), f"has no {missing}")
    points = tuple((f"{x:f}", f"{c:f}", f"{u:f}") for x, c, u in table.points)
    return Certificate(
        number=number[:300],
        issuer=issuer[:300],
        accreditation=text_at(core, "calibrationLaboratory/calibrationLaboratoryCode")[:300],
        calibrated=_date(core, str(path)),
        due=wanted.due,
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        unit=table.unit,
        range=(points[0][0], points[-1][0]),
        points=points,
        k=f"{table.k:f}",
        nu=wanted.nu or "inf",
    )


def _date(core: _Element, name: str) -> datetime.date:
    """The last day of the calibration itself; the day of issue may be weeks later."""
    said = text_at(core, "coreData/endPerformanceDate") or text_at(
        core, "coreData/beginPerformanceDate"
    )
    try:
        return datetime.date.fromisoformat(said[:10])
    except ValueError as err:
        raise EquipmentError(name, f"has no date of calibration ({said[:40]!r})") from err


def _serials(root: _Element) -> tuple[str, ...]:
    """Identifications of all items; those named as serial numbers where any is."""
    path = "/".join(
        f"{DCC}{p}"
        for p in ("administrativeData", "items", "item", "identifications", "identification")
    )
    found = root.findall(path)
    named = [e for e in found if "basic_serialNumber" in str(e.get("refType", "")).split()]
    values = [text_at(e, "value") for e in named or found]
    return tuple(dict.fromkeys(v for v in values if v))
