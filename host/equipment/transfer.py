"""Applies transfer calibrations to the channels of a run: corrected series, terms, words. Pure.

A calibration is used whole or not at all, and never lifts a tier: a rail of the device that was
calibrated beside a meter is still read by the device itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from host.equipment import transfer_words as words
from host.equipment.heat import NO_HEAT, Heat, warm_problems
from host.equipment.judge import Days
from host.equipment.transfer_line import TransferLine, corrected, terms_of
from host.equipment.use import indications
from host.handover.calibration import Calibration, Stored
from host.handover.conditions import SensorTerm
from host.handover.equipment import Applied, Problem
from host.handover.formal import CertificateField, EquipmentField
from host.handover.text import Txt
from host.handover.trace import AlignedRun, FloatArray, Series

# Indications this far beyond those of the calibration, of their span, are corrected too: the line
# is judged at the power used, so that its u grows with the distance. Our choice.
BEYOND_RATIO = 0.1
# Share of readings that may lie farther out, such as a spike of a momentary reading.
OUTSIDE_SHARE = 0.01
# One reading beyond this is no spike but nonsense, as host/reduce/channels.py has it.
MOST_W = 1e30
_ONE_DAY = 10  # characters of a date in RFC 3339


@dataclass(frozen=True, slots=True)
class About:
    """Whom calibrations must be for: keys of the device and of the instruments, and the days.

    heat: how warm it is in the run that uses them.
    """

    keys: frozenset[str]
    days: Days
    heat: Heat = NO_HEAT


def apply_transfers(applied: Applied, stored: Sequence[Stored], about: About) -> Applied:
    """Each calibration in turn; one that does not fit is a problem that says why."""
    for one in stored:
        own = _own(applied.run, one.transfer.source)
        why = unfit(one.calibration, about) or _no_use(applied, one, own)
        if why is not None:
            applied = _with_problem(applied, words.refused(one, why))
            continue
        applied = _used(applied, one)
        for problem in warm_problems(one, about.heat):
            applied = _with_problem(applied, problem)
    return applied


def unfit(calibration: Calibration, about: About) -> Txt | None:
    """Why a calibration may not be used for this device or these days; None where it may."""
    transfer, days = calibration.transfers[0], about.days
    if transfer.word not in words.USABLE or transfer.fit is None or transfer.range_w is None:
        return words.NO_CALIBRATION
    if calibration.key not in about.keys:
        return words.OTHER_DEVICE
    if days.start is None or days.end is None:
        return words.NO_DATES
    if days.start.isoformat() < calibration.performed[:_ONE_DAY]:
        return words.not_yet(calibration.performed[:_ONE_DAY], days.start.isoformat())
    if days.end > calibration.due:
        return words.expired(calibration.due.isoformat(), days.end.isoformat())
    return None


def _own(run: AlignedRun, channel: str) -> tuple[Series, ...]:
    return tuple(s for a in run.counted() for s in a.series if s.channel == channel)


def _no_use(applied: Applied, one: Stored, own: Sequence[Series]) -> Txt | None:
    """Why it cannot be used on these readings; None where it can."""
    transfer = one.transfer
    if not own:
        return words.NO_CHANNEL
    if own[0].quantity != transfer.quantity or own[0].kind != (transfer.kind or own[0].kind):
        return words.OTHER_KIND
    if any(t.part == "calibration" for t in applied.sensors.get(transfer.source, ())):
        return words.TWICE
    found = indications(own)
    low, high = (float(w) for w in transfer.range_w or ("0", "0"))
    slack = BEYOND_RATIO * (high - low)
    share = 1.0 - _share(found, low - slack, high + slack)
    if len(found) == 0:
        return words.NO_CHANNEL
    if share > OUTSIDE_SHARE or float(np.abs(found).max()) > MOST_W:
        return words.out_of_range(share, (low, high), (float(found.min()), float(found.max())))
    return None


def _share(found: FloatArray, low: float, high: float) -> float:
    return float(np.mean((found >= low) & (found <= high))) if len(found) else 0.0


def _used(applied: Applied, one: Stored) -> Applied:
    source, line = one.transfer.source, TransferLine.of(one.calibration)
    found = indications(_own(applied.run, source))
    powers = np.sort(line.power(found))
    counter = one.transfer.kind == "counter"
    made = terms_of(one, line, (float(powers[0]), float(powers[-1])), relative=counter)
    attempts = tuple(
        replace(
            attempt,
            series=tuple(corrected(s, line) if s.channel == source else s for s in attempt.series),
        )
        for attempt in applied.run.attempts
    )
    shown = replace(
        applied.instruments,
        equipment=(*applied.instruments.equipment, _field(applied, one, line)),
    )
    sensors = {**applied.sensors, source: _merged(applied.sensors.get(source, ()), made)}
    label = words.label(one, line)
    whole = Applied(replace(applied.run, attempts=attempts), sensors, shown)
    return _with_problem(whole, Problem("transfer-calibrated", label))


def _merged(before: Sequence[SensorTerm], made: Sequence[SensorTerm]) -> tuple[SensorTerm, ...]:
    """Gain and offset of a data sheet are covered; what else it says stays."""
    covered = {"gain", "offset", *(t.part for t in made)}
    return (*(t for t in before if t.part not in covered), *made)


def _field(applied: Applied, one: Stored, line: TransferLine) -> EquipmentField:
    """As the record shows it among the instruments, its paper being the calibration."""
    found = one.calibration
    return EquipmentField(
        id=words.ref_of(one),
        kind=one.transfer.word,
        maker="",
        model="",
        serial=one.name,
        firmware="",
        location="",
        channels=(one.transfer.source,),
        certificates=(
            CertificateField(
                channel=one.transfer.source,
                number=one.name,
                issuer=words.ISSUERS[one.transfer.word],
                accreditation="",
                calibrated=found.performed[:_ONE_DAY],
                due=found.due.isoformat(),
                sha256=one.sha256,
                in_validity=True,
                in_range=True,
                reason=words.label(one, line),
            ),
        ),
        tier=applied.instruments.tiers.get(one.transfer.source, ""),
    )


def _with_problem(applied: Applied, problem: Problem) -> Applied:
    shown = applied.instruments
    return replace(applied, instruments=replace(shown, problems=(*shown.problems, problem)))
