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
    known = [(t, _u(t)) for t in terms]
    parts = [(u, t.nu) for t, u in known if u is not None]
    return Reference(
        channel=meter.channel,
        equipment="" if own is None else own.id,
        tier=meter.tier,
        u_relative=_root([u for t, u in known if u is not None and t.relative]),
        u_w=_root([u for t, u in known if u is not None and not t.relative]),
        nu=freedom(effective(*parts)) if parts else "inf",
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


def _u(term: SensorTerm) -> float | None:
    if term.U is not None and term.k:
        return term.U / term.k
    return None if term.half_width is None else term.half_width / sqrt(3)


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
