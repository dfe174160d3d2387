"""Which instrument stands behind a channel, and which of its certificates are for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain

from host.equipment.units import scale_of
from host.errors import EquipmentError
from host.handover.equipment import Certificate, Equipment, Instrument, Limit

# A gain holds for energy too: a ratio of powers over one time is that of their energies.
_ALSO = {"W": ("W", "J")}


@dataclass(frozen=True, slots=True)
class Named:
    """A channel by name, with its coherent unit and its kind (`counter` and so on)."""

    name: str
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """A channel, its instrument, and what of it is for this channel."""

    channel: Named
    instrument: Instrument
    limits: tuple[Limit, ...]
    certificates: tuple[Certificate, ...]


def assign(equipment: Equipment, channels: Sequence[Named]) -> tuple[Assigned, ...]:
    """Every channel that the file gives an instrument. Raises EquipmentError.

    Refused: two instruments for one channel, two limits of one part, two certificates of one
    day, and a limit or certificate whose unit fits no channel of its instrument in the run.
    """
    found = [_assigned(instrument, c) for c in channels if (instrument := _one(equipment, c))]
    for instrument in equipment.instrument:
        own = [a for a in found if a.instrument is instrument]
        if own:
            _need_used(instrument, own)
    return tuple(found)


def _one(equipment: Equipment, channel: Named) -> Instrument | None:
    giving = [i for i in equipment.instrument if _any_match(i.channels, channel.name)]
    if len(giving) > 1:
        both = " and ".join(i.id for i in giving)
        raise EquipmentError(f"channel {channel.name}", f"two instruments give it: {both}")
    return giving[0] if giving else None


def _assigned(instrument: Instrument, channel: Named) -> Assigned:
    limits = tuple(
        x
        for x in instrument.specification
        if _meant(x.channels, channel) and _limit_fits(x, channel)
    )
    parts = [x.part for x in limits]
    for part in parts:
        if parts.count(part) > 1:
            why = f"instrument {instrument.id} states its {part} twice"
            raise EquipmentError(f"channel {channel.name}", why)
    certificates = tuple(
        c for c in instrument.certificate if _meant(c.channels, channel) and fits(c, channel)
    )
    days = [c.calibrated for c in certificates]
    for certificate in certificates:
        if days.count(certificate.calibrated) > 1:
            why = (
                f"two certificates of {certificate.calibrated} are for it;"
                " say `channels` in each of them"
            )
            raise EquipmentError(f"channel {channel.name}", why)
    return Assigned(channel, instrument, limits, certificates)


def fits(certificate: Certificate, channel: Named) -> bool:
    """Whether the unit of a certificate is that of a channel.

    A counter has no table, only a gain: its value means nothing, its differences do.
    """
    scale = scale_of(certificate.unit)
    if scale is None:
        return False
    if certificate.gain is not None:
        return channel.unit in _ALSO.get(scale.unit, (scale.unit,))
    return channel.unit == scale.unit and channel.kind != "counter"


def _limit_fits(limit: Limit, channel: Named) -> bool:
    scale = scale_of(limit.unit)
    if scale is None:
        return False
    return limit.part in ("gain", "refresh", "averaging") or scale.unit == channel.unit


def _meant(patterns: Sequence[str], channel: Named) -> bool:
    return not patterns or _any_match(patterns, channel.name)


def _any_match(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _need_used(instrument: Instrument, own: Sequence[Assigned]) -> None:
    used = {id(x) for a in own for x in chain(a.limits, a.certificates)}
    said = ", ".join(f"{a.channel.name} in {a.channel.unit} ({a.channel.kind})" for a in own)
    for certificate in instrument.certificate:
        # One that names its channels may be for channels that this run does not have.
        named = any(_meant(certificate.channels, a.channel) for a in own)
        if named and id(certificate) not in used:
            what = "a factor" if certificate.gain is not None else "a table"
            raise EquipmentError(
                f"certificate {certificate.number}",
                f"{what} in {certificate.unit} fits no channel of instrument {instrument.id}"
                f" in this run: {said}",
            )
    for limit in instrument.specification:
        named = any(_meant(limit.channels, a.channel) for a in own)
        if named and id(limit) not in used:
            raise EquipmentError(
                f"instrument {instrument.id}",
                f"its {limit.part} in {limit.unit} fits none of its channels: {said}",
            )
