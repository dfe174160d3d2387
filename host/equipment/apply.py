"""Takes the instruments of a run into account: corrected series, terms, earned tiers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from host.equipment.ambient import airs_of, environment_read, surroundings_read
from host.equipment.assign import Named, assign
from host.equipment.fields import environment_of, equipment_fields
from host.equipment.judge import days_of, tier_of
from host.equipment.use import Seen, Used, use
from host.equipment.words import AMBIENT
from host.handover.equipment import Applied, Equipment, Instruments, Problem
from host.handover.text import Txt
from host.handover.trace import AlignedRun, AttemptTrace, Series

NONE = Equipment(equipment=1)


def apply(run: AlignedRun, equipment: Equipment | None, performed: Mapping[str, str]) -> Applied:
    """Correct the series of a run and say what stands behind each channel.

    performed: wall-clock labels `start` and `end` of the run. Without equipment nothing is
    corrected and a source that calls itself tier A is shown as A-. Raises EquipmentError where the
    file does not fit the channels.
    """
    stated = equipment or NONE
    airs = airs_of(run, stated)
    # Indications decide whether it was too warm: a correction of theirs is far below a degree.
    around = (*stated.environment, *surroundings_read(airs))
    given = msgspec.structs.replace(stated, environment=around)
    likes = _likes(run)
    assigned = assign(given, [Named(s.channel, s.unit, s.kind) for s in likes.values()])
    days = days_of(performed)
    used = {
        a.channel.name: use(a, _seen(run, likes[a.channel.name]), given, days) for a in assigned
    }
    tiers = {
        name: used[name].tier if name in used else tier_of(like.tier, good=False)
        for name, like in likes.items()
    }
    attempts = tuple(_corrected(attempt, used, tiers) for attempt in run.attempts)
    corrected = replace(run, attempts=attempts)
    instruments = Instruments(
        equipment=equipment_fields(given, tuple(used.values())),
        environment=(*environment_read(airs_of(corrected, stated), used), *environment_of(stated)),
        problems=tuple(_problems(given, tuple(used.values()))),
        tiers=tiers,
    )
    sensors = {name: u.terms for name, u in used.items() if u.terms}
    return Applied(corrected, sensors, instruments)


def _likes(run: AlignedRun) -> dict[str, Series]:
    """The first series of each channel."""
    found: dict[str, Series] = {}
    for attempt in run.attempts:
        for series in attempt.series:
            found.setdefault(series.channel, series)
    return found


def _seen(run: AlignedRun, like: Series) -> Seen:
    own = [s for a in run.counted() for s in a.series if s.channel == like.channel]
    return Seen(like.tier, tuple(own))


def _corrected(
    attempt: AttemptTrace, used: Mapping[str, Used], tiers: Mapping[str, str]
) -> AttemptTrace:
    return replace(
        attempt,
        series=tuple(_series(s, used.get(s.channel), tiers[s.channel]) for s in attempt.series),
    )


def _series(series: Series, used: Used | None, tier: str) -> Series:
    if used is None or used.correction is None:
        return series if series.tier == tier else replace(series, tier=tier)
    by = used.correction
    if series.kind != "counter":
        return replace(series, tier=tier, values=by.corrected(series.values))
    factor = by.factor or 1.0  # a counter never gets a table (host/equipment/assign.py)
    wraps_at = None if series.wraps_at is None else series.wraps_at * factor
    return replace(series, tier=tier, values=series.values * factor, wraps_at=wraps_at)


def _problems(equipment: Equipment, used: Sequence[Used]) -> list[Problem]:
    """All that a reader of the record must know, certificate by certificate."""
    made = [
        Problem(
            "certificate-not-met",
            Txt(
                f"仪器 {u.assigned.instrument.id} 的证书 {u.certificate.number}：{why.zh}",
                f"Certificate {u.certificate.number} of instrument"
                f" {u.assigned.instrument.id}: {why.en}.",
            ),
            _lowered(u),
        )
        for u in used
        if u.certificate is not None
        for why in u.reasons
    ]
    made += _unchecked(equipment, used)
    present = {u.assigned.instrument.id for u in used}
    for instrument in equipment.instrument:
        if instrument.channels and instrument.id not in present:
            text = Txt(
                f"仪器 {instrument.id} 没有给出本次运行的任何通道。",
                f"Instrument {instrument.id} gives none of the channels of this run.",
            )
            made.append(Problem("instrument-unused", text))
    return made + [p for u in used if (p := _claim(u)) is not None]


def _unchecked(equipment: Equipment, used: Sequence[Used]) -> list[Problem]:
    """Certificates that hold at some temperatures only, in a run whose temperature is not told."""
    if any(s.quantity == AMBIENT for s in equipment.environment):
        return []
    found = {u.certificate.number: u.certificate for u in used if u.certificate is not None}
    return [
        Problem(
            "surroundings-not-checked",
            Txt(
                f"证书 {c.number} 的校准条件为 {c.temperature[0]} 至 {c.temperature[1]} Cel，"
                "器具文件未给出环境温度，无法核对。",
                f"Certificate {c.number} is for {c.temperature[0]} to {c.temperature[1]} Cel, and"
                " the equipment file states no ambient temperature to check it by.",
            ),
        )
        for c in found.values()
        if c.temperature is not None
    ]


def _lowered(used: Used) -> Txt | None:
    if used.tier != "A-":
        return None
    return Txt(
        f"{used.assigned.channel.name} 的证据等级为 A-，不是 A。",
        f"The evidence of {used.assigned.channel.name} is tier A-, not A.",
    )


def _claim(used: Used) -> Problem | None:
    """An instrument that the file calls external although the device itself gives the channel."""
    name, instrument = used.assigned.channel.name, used.assigned.instrument
    if instrument.kind != "external_meter" or used.said not in ("B", "C"):
        return None
    text = Txt(
        f"仪器 {instrument.id} 称为外接，但 {name} 由设备自身给出：仍为 {used.said} 级。",
        f"Instrument {instrument.id} is called external, yet the device itself gives {name}:"
        f" it stays tier {used.said}.",
    )
    return Problem("tier-claim", text)
