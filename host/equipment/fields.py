"""The equipment and the surroundings as the record shows them."""

from __future__ import annotations

from collections.abc import Sequence

from host.equipment import words
from host.equipment.use import Used
from host.handover.equipment import Equipment, Instrument, Surrounding
from host.handover.formal import CertificateField, EnvironmentField, EquipmentField
from host.handover.text import Txt

OPERATOR = Txt("操作人员", "operator")


def equipment_fields(equipment: Equipment, used: Sequence[Used]) -> tuple[EquipmentField, ...]:
    """Instruments that gave a channel or a condition of the surroundings, in the file's order."""
    around = {s.instrument for s in equipment.environment}
    made: list[EquipmentField] = []
    for instrument in equipment.instrument:
        own = [u for u in used if u.assigned.instrument.id == instrument.id]
        if own or instrument.id in around:
            made.append(_field(instrument, own))
    return tuple(made)


def _field(instrument: Instrument, own: Sequence[Used]) -> EquipmentField:
    return EquipmentField(
        id=instrument.ref,
        kind=instrument.kind,
        maker=instrument.maker,
        model=instrument.model,
        serial=instrument.serial,
        firmware=instrument.firmware,
        location=instrument.location,
        channels=tuple(u.assigned.channel.name for u in own),
        certificates=_certificates(own),
        tier=" ".join(sorted({u.tier for u in own} - {""})),
        reason=words.joined(_uncertified(own)),
    )


def _uncertified(own: Sequence[Used]) -> list[Txt]:
    """Why channels have no certificate; they are named where others of the instrument have one."""
    channels: dict[Txt, list[str]] = {}
    for u in own:
        for why in u.reasons if u.certificate is None else ():
            channels.setdefault(why, []).append(u.assigned.channel.name)
    if not any(u.certificate for u in own):
        return list(channels)
    return [words.of_channels(names, why) for why, names in channels.items()]


def _certificates(own: Sequence[Used]) -> tuple[CertificateField, ...]:
    """One a table that counts, with what was done by it and what is wrong with it."""
    made: list[CertificateField] = []
    for u in own:
        c = u.certificate
        if c is None:
            continue
        said: list[Txt] = [*([] if u.note is None else [u.note]), *u.reasons]
        made.append(
            CertificateField(
                channel=u.assigned.channel.name,
                number=c.number,
                issuer=c.issuer,
                accreditation=c.accreditation,
                calibrated=c.calibrated.isoformat(),
                due="" if c.due is None else c.due.isoformat(),
                sha256=c.sha256,
                in_validity=u.in_validity,
                in_range=u.in_range,
                reason=words.joined(said),
            )
        )
    return tuple(made)


def environment_of(equipment: Equipment) -> tuple[EnvironmentField, ...]:
    """Conditions as the operator read them."""
    refs = {i.id: i.ref for i in equipment.instrument}
    return tuple(_condition(s, refs.get(s.instrument, "")) for s in equipment.environment)


def _condition(s: Surrounding, ref: str) -> EnvironmentField:
    return EnvironmentField(
        quantity=s.quantity,
        name=s.name or words.KNOWN[s.quantity][0],
        value=s.value,
        unit=s.unit,
        U=s.U,
        k=s.k,
        source=OPERATOR,
        equipment_ref=ref,
    )
