"""Puts what a staircase run says into the store of calibrations, one source a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from host.align.bag import check_bag
from host.errors import CalibrationError
from host.handover.calibration import Calibration, Stored
from host.pipeline.calibration import calibration_of
from host.pipeline.redo import Redone
from host.state import calibration_store


def keep_run(
    place: Path, root: Path, redone: Redone, sources: Sequence[str]
) -> tuple[Calibration, tuple[Stored, ...], str]:
    """What a run says, what of it was stored, and why not the rest ("" where all was).

    root: of its folder, whose seal is checked before anything is stored.

    sources: channels that are wanted, all without any. Only a calibration is stored: neither a
    comparison with a meter without a certificate nor a run that is not valid and sealed.
    Raises CalibrationError where a wanted source is none of the run, or the store is not usable.
    """
    if not redone.reading.facts.plan.plan.staircase:
        raise CalibrationError(redone.reading.facts.run_id, "is a run without a load staircase")
    found = calibration_of(redone.reading, redone.sensors)
    _need(found, sources)
    status = redone.record.verdict.status
    if status != "valid" or not redone.reading.facts.sealed:
        return found, (), f"not-valid: the run is {status}"
    broken = check_bag(root)
    if broken:
        raise CalibrationError(str(root), f"is not as it was sealed: {broken[0].text.en}")
    good, why = [], []
    for transfer in found.transfers:
        if sources and transfer.source not in sources:
            continue
        if transfer.word == "transfer_calibration":
            good.append(msgspec.structs.replace(found, transfers=(transfer,)))
        else:
            why.append(f"{transfer.source}: {transfer.reason or _COMPARISON}")
    kept = tuple(calibration_store.stored(one, redone.record.record_id) for one in good)
    for one in kept:
        calibration_store.keep(place, one)
    return found, kept, "; ".join(why)


_COMPARISON = (
    "comparison: the meter has no certificate that held (tier A-), so this is no calibration"
)


def _need(found: Calibration, sources: Sequence[str]) -> None:
    known = [t.source for t in found.transfers]
    for source in sources:
        if source not in known:
            said = ", ".join(known) or "none"
            raise CalibrationError(source, f"is no power source of this run; there are: {said}")
    if not known:
        raise CalibrationError(found.run, "has no power source of the device to calibrate")
