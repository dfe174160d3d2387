"""What is believed in a transfer calibration: the meter, its certificate, what is open of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt

from host.evaluate.transfer import effective
from host.handover.calibration import Reference, ReferenceCertificate
from host.handover.conditions import SensorTerm
from host.handover.formal import EquipmentField
from host.handover.text import Txt
from host.handover.trace import Series
from host.schema.canonical import decimal

# Parts of a meter that are the same at all steps; rounding and age of readings are in the scatter.
COMMON_PARTS = ("calibration", "gain", "offset", "drift")


def reference_of(
    meter: Series,
    equipment: Sequence[EquipmentField],
    sensors: Mapping[str, tuple[SensorTerm, ...]],
) -> Reference:
    """The meter as the record's equipment has it, and u that is common to all of its readings."""
    own = next((e for e in equipment if meter.channel in e.channels), None)
    terms = [t for t in sensors.get(meter.channel, ()) if t.part in COMMON_PARTS]
    known = [(t, t.u) for t in terms]
    ratios = [(u, t.nu) for t, u in known if u is not None and t.relative]
    powers = [(u, t.nu) for t, u in known if u is not None and not t.relative]
    return Reference(
        channel=meter.channel,
        equipment="" if own is None else own.id,
        tier=meter.tier,
        u_relative=_root([u for u, _ in ratios]),
        u_w=_root([u for u, _ in powers]),
        # Ratios and powers have no sum; both together have no fewer degrees than the fewer.
        nu=freedom(min(effective(*ratios), effective(*powers))),
        certificates=() if own is None else _certificates(own, meter.channel),
        open=tuple(t.source for t, u in known if u is None) or _nothing(terms),
    )


def _nothing(terms: Sequence[SensorTerm]) -> tuple[Txt, ...]:
    if terms:
        return ()
    zh, en = (
        "没有证书或数据手册说明其误差",
        "neither certificate nor data sheet says how wrong it is",
    )
    return (Txt(zh, en),)


def _root(parts: Sequence[float]) -> str:
    return decimal(sqrt(sum(u**2 for u in parts)))


def _certificates(own: EquipmentField, channel: str) -> tuple[ReferenceCertificate, ...]:
    return tuple(
        ReferenceCertificate(
            number=c.number,
            issuer=c.issuer,
            accreditation=c.accreditation,
            calibrated=c.calibrated,
            due=c.due,
            sha256=c.sha256,
            valid=c.in_validity and c.in_range is True and own.tier == "A",
        )
        for c in own.certificates
        if c.channel == channel
    )


def freedom(nu: float) -> str:
    """Degrees of freedom as text, `inf` for infinitely many."""
    return "inf" if nu == float("inf") else decimal(nu)
