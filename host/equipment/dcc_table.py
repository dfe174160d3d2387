"""Correction tables in the results of a DCC: which quantity is the indication, which the error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from host.equipment.dcc_units import split
from host.equipment.dcc_values import Values, values_of
from host.equipment.dcc_xml import DCC
from host.errors import EquipmentError

if TYPE_CHECKING:
    from lxml.etree import _Element

# refType words of PTB's good practice. A nominal value is a set point, no reference value.
ROLES = {
    "basic_measuredValue": "indication",
    "basic_referenceValue": "reference",
    "basic_measurementError": "error",
    "basic_measurementError_error": "error",
    "basic_measurementError_correction": "correction",
}
# Powers of ten of the prefixes that `dcc_units` gives.
_EXPONENT = {"p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9}

Point = tuple[Decimal, Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class Table:
    """Indication, correction and U, ascending, in one UCUM unit, with one k.

    id: of the result, or "". place: of the result in the file, from 1.
    """

    id: str
    place: int
    unit: str
    points: tuple[Point, ...]
    k: Decimal


def tables_of(root: _Element, name: str, roles: Mapping[str, str]) -> tuple[Table, ...]:
    """All tables. Results of one point each and in one unit are the rows of one table."""
    path = "/".join(
        f"{DCC}{p}" for p in ("measurementResults", "measurementResult", "results", "result")
    )
    found = [
        table
        for place, result in enumerate(root.findall(path), 1)
        if (table := _table(result, place, (name, roles))) is not None
    ]
    single = [t for t in found if len(t.points) == 1]
    if len(single) < 2 or len({(t.unit, t.k) for t in single}) > 1:  # noqa: PLR2004
        return tuple(found)
    points = tuple(sorted(p for t in single for p in t.points))
    merged = Table(single[0].id, single[0].place, single[0].unit, points, single[0].k)
    return (merged, *(t for t in found if len(t.points) > 1))


def _table(result: _Element, place: int, said: tuple[str, Mapping[str, str]]) -> Table | None:
    name, roles = said
    by_role = _by_role(result, name, roles)
    if "indication" not in by_role or len(by_role) == 1:
        return None
    unit = by_role["indication"][0].unit
    seen = {role: _in_unit(forms, unit, role, name) for role, forms in by_role.items()}
    lengths = {len(v.numbers) for v in seen.values()}
    if len(lengths) != 1:
        raise EquipmentError(name, f"result {place} has lists of {sorted(lengths)} values")
    expanded, k = _uncertainty(seen, place, name)
    indications = seen["indication"].numbers
    points = sorted(zip(indications, _corrections(seen), expanded, strict=True))
    return Table(str(result.get("id", "")), place, unit, tuple(points), k)


def _by_role(
    result: _Element, name: str, roles: Mapping[str, str]
) -> dict[str, tuple[Values, ...]]:
    """The quantities of a result whose role is known; those of other roles are not even read."""
    found: dict[str, tuple[Values, ...]] = {}
    data = result.find(f"{DCC}data")
    for quantity in () if data is None else data.iter(f"{DCC}quantity"):
        words = [*str(quantity.get("refType", "")).split(), str(quantity.get("id", ""))]
        known = {roles[w] for w in words if w in roles} or {ROLES[w] for w in words if w in ROLES}
        if len(known) > 1:
            raise EquipmentError(name, f"a quantity is {' and '.join(sorted(known))} at once")
        for role in known:
            if role in found:
                raise EquipmentError(name, f"a result has two quantities that are its {role}")
            found[role] = values_of(quantity, name)
    return {role: values for role, values in found.items() if values}


def _in_unit(forms: Sequence[Values], unit: str, role: str, name: str) -> Values:
    """The form in a unit, or one that differs from it by a prefix; exact, in decimals.

    Differences in K are the same in Cel (SI brochure, 9th edition, 2.3.1).
    """
    prefix, base = split(unit)
    for form in forms:
        own_prefix, own = split(form.unit)
        same = own == base or (role in ("error", "correction") and {own, base} == {"K", "Cel"})
        if same:
            shift = _EXPONENT[own_prefix] - _EXPONENT[prefix]
            return Values(
                unit,
                tuple(x.scaleb(shift) for x in form.numbers),
                tuple(x.scaleb(shift) for x in form.U),
                form.k,
            )
    units = ", ".join(form.unit for form in forms)
    raise EquipmentError(name, f"indications are in {unit}, their {role} is in {units}")


def _corrections(seen: Mapping[str, Values]) -> tuple[Decimal, ...]:
    """Correction = reference - indication = - error (VIM 2.16 and 2.53)."""
    if "correction" in seen:
        return seen["correction"].numbers
    if "error" in seen:
        return tuple(-x for x in seen["error"].numbers)
    pairs = zip(seen["reference"].numbers, seen["indication"].numbers, strict=True)
    return tuple(reference - indication for reference, indication in pairs)


def _uncertainty(
    seen: Mapping[str, Values], place: int, name: str
) -> tuple[tuple[Decimal, ...], Decimal]:
    """U of the correction and its k: stated with correction or error, else in one place alone."""
    stated = [role for role in ("correction", "error") if role in seen and seen[role].U]
    stated = stated[:1] or [role for role, values in seen.items() if values.U]
    if not stated:
        raise EquipmentError(name, f"result {place} states no expanded uncertainty with its k")
    if len(stated) > 1:
        both = " and ".join(stated)
        raise EquipmentError(
            name, f"result {place} states uncertainties of {both}, and none of the correction"
        )
    values = seen[stated[0]]
    if len(set(values.k)) != 1:
        raise EquipmentError(
            name, f"result {place} has several coverage factors; a table here has one"
        )
    return values.U, values.k[0]
