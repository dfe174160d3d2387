"""Numbers of a DCC: values with unit, expanded uncertainty and k, scalar or as lists.

Both generations of D-SI are read: `expandedUnc` (2.1) and `measurementUncertaintyUnivariate` with
`expandedMU` (2.2), and the list forms of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from host.equipment.dcc_units import ucum_of
from host.equipment.dcc_xml import SI
from host.errors import EquipmentError

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_POINTS = 10_000  # far above any table that people calibrate; our choice
MAX_DIGITS = 40

# (parent, U, k) of an expanded uncertainty, newest form first; `/` goes one element down.
_SCALAR = (
    ("measurementUncertaintyUnivariate/expandedMU", "valueExpandedMU", "coverageFactor"),
    ("expandedUnc", "uncertainty", "coverageFactor"),
)
_LIST = (
    (
        "measurementUncertaintyUnivariateXMLList/expandedMUXMLList",
        "valueExpandedMUXMLList",
        "coverageFactorXMLList",
    ),
    ("expandedUncXMLList", "uncertaintyXMLList", "coverageFactorXMLList"),
)


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers of one quantity in one UCUM unit; U and k empty where none is stated."""

    unit: str
    numbers: tuple[Decimal, ...]
    U: tuple[Decimal, ...]
    k: tuple[Decimal, ...]


def values_of(quantity: _Element, name: str) -> tuple[Values, ...]:
    """Every form in which a `quantity` states its numbers: one, or several for a `hybrid`."""
    forms = list(quantity.findall(f"{SI}real")) + list(quantity.findall(f"{SI}realListXMLList"))
    for hybrid in quantity.findall(f"{SI}hybrid"):
        forms += [*hybrid.findall(f"{SI}real"), *hybrid.findall(f"{SI}realListXMLList")]
    return tuple(_values(form, name) for form in forms)


def _values(form: _Element, name: str) -> Values:
    listed = form.tag == f"{SI}realListXMLList"
    suffix = "XMLList" if listed else ""
    numbers = _numbers(form, f"value{suffix}", name)
    if not numbers:
        raise EquipmentError(name, f"a {form.tag} has no value")
    units = set(_text(form, f"unit{suffix}").split())
    if len(units) != 1:
        raise EquipmentError(name, f"a list is in {len(units)} units; one is needed")
    dsi = units.pop()
    unit = ucum_of(dsi)
    if unit is None:
        raise EquipmentError(name, f"{dsi[:40]!r} is no D-SI unit of the table that is known here")
    expanded, factor = _expanded(form, _LIST if listed else _SCALAR, name)
    count = len(numbers)
    return Values(unit, numbers, _spread(expanded, count, name), _spread(factor, count, name))


Numbers = tuple[Decimal, ...]


def _expanded(
    form: _Element, shapes: tuple[tuple[str, str, str], ...], name: str
) -> tuple[Numbers, Numbers]:
    """U and k as stated; both empty where no uncertainty is. Raises for one without k."""
    for parent, expanded, factor in shapes:
        found = form.find("/".join(f"{SI}{part}" for part in parent.split("/")))
        if found is None:
            continue
        U, k = _numbers(found, expanded, name), _numbers(found, factor, name)  # noqa: N806
        if not U:
            raise EquipmentError(name, f"a {parent} has no value")
        if not k:
            raise EquipmentError(name, "an expanded uncertainty has no coverage factor k")
        return U, k
    odd = [e.tag for e in form if "nc" in str(e.tag) or "MU" in str(e.tag)]
    if odd or any("easurementUncertainty" in str(e.tag) for e in form):
        raise EquipmentError(name, "an uncertainty is stated in a form without coverage factor k")
    return (), ()


def _spread(numbers: Numbers, count: int, name: str) -> Numbers:
    """One number stands for all values of a list (D-SI, lists)."""
    if len(numbers) == 1:
        return numbers * count
    if len(numbers) not in (0, count):
        raise EquipmentError(name, f"a list has {count} values and {len(numbers)} uncertainties")
    return numbers


def _numbers(parent: _Element, child: str, name: str) -> Numbers:
    texts = _text(parent, child).split()
    if len(texts) > MAX_POINTS:
        raise EquipmentError(name, f"a list has more than {MAX_POINTS} values")
    return tuple(_number(text, name) for text in texts)


def _number(text: str, name: str) -> Decimal:
    try:
        number = Decimal(text) if len(text) <= MAX_DIGITS else None
    except InvalidOperation:
        number = None
    # Exponents beyond those of a double would make texts of a gigabyte when written out.
    if number is None or not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        raise EquipmentError(name, f"{text[:40]!r} is no finite number")
    return number


def _text(parent: _Element, child: str) -> str:
    found = parent.find(f"{SI}{child}")
    return "" if found is None else "".join(map(str, found.itertext()))
