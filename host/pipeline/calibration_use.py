"""The transfer calibrations of a run: asked for, kept in its folder, applied when it is redone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host.align.read import RunReading
from host.equipment.heat import Heat, air_span, device_span, requests_of
from host.equipment.judge import days_of
from host.equipment.transfer import About, apply_transfers, unfit
from host.errors import CalibrationError, PlanError
from host.handover.calibration import Stored, device_subject, instrument_subject
from host.handover.equipment import Applied, Equipment
from host.handover.plan import Plan
from host.run.folder import RunFolder, write_bytes
from host.schema.canonical import quoted, sha256_of
from host.state import calibration_store

if TYPE_CHECKING:
    from host.run.link import Link

FOLDER = "calibrations"
AUTO = "auto"


def calibrations_for(
    asked: Sequence[str], plan: Plan, link: Link, equipment: Equipment | None, today: str
) -> tuple[Stored, ...]:
    """The calibrations that a run to come shall use. Raises CalibrationError, before the run.

    asked: each a file, the name of a stored one, or `auto`: of all stored ones the newest that
    fits for each source. What is named and does not fit is refused. today: RFC 3339.
    """
    if not asked:
        return ()
    if plan.staircase:
        raise PlanError("staircase", "a run that calibrates cannot be corrected by a calibration")
    about = About(
        keys_of(link.ask("device"), plan.device, equipment),
        days_of({"start": today, "end": today}),
    )
    channels = {
        str(c["name"]) for c in link.ask("probe", {"reads": 1}, answer="sources")["channels"]
    }
    found = [_named(each, about, channels) for each in asked if each != AUTO]
    if AUTO in asked:
        taken = {one.transfer.source for one in found}
        found += [one for one in _fitting(about, channels) if one.transfer.source not in taken]
        if not found:
            raise CalibrationError(AUTO, "no stored calibration fits this device today")
    _need_one_each(found)
    return tuple(found)


def keys_of(
    device: Mapping[str, Any], address: str, equipment: Equipment | None
) -> frozenset[str]:
    """Keys of the device and of the instruments that the host reads beside it."""
    instruments = () if equipment is None else equipment.instrument
    subjects = [device_subject(device, address)]
    subjects += [instrument_subject(i.ref) for i in instruments]
    return frozenset(sha256_of(quoted(subject)) for subject in subjects)


def _named(asked: str, about: About, channels: Collection[str]) -> Stored:
    path = Path(asked)
    if not _is_file(path):
        path = calibration_store.find(calibration_store.folder(), asked)
    one = calibration_store.read(path)
    why = unfit(one.calibration, about)
    if why is not None:
        raise CalibrationError(str(path), why.en)
    if not _there(one, channels):
        raise CalibrationError(str(path), f"the device has no channel {one.transfer.source}")
    return one


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for any file
        return False


def _there(one: Stored, channels: Collection[str]) -> bool:
    """Channels of a bench meter are known when it is read; the device's are known now."""
    return one.calibration.subject.get("what") == "instrument" or one.transfer.source in channels


def _fitting(about: About, channels: Collection[str]) -> Iterable[Stored]:
    """The newest of the store for each source, of those that fit; others are passed over."""
    newest: dict[str, Stored] = {}
    for one in calibration_store.readable(calibration_store.folder()):
        if unfit(one.calibration, about) is None and _there(one, channels):
            source, made = one.transfer.source, one.calibration.performed
            before = newest.get(source)
            if before is None or made > before.calibration.performed:
                newest[source] = one
    return newest.values()


def _need_one_each(found: Sequence[Stored]) -> None:
    sources = [one.transfer.source for one in found]
    for source in sources:
        if sources.count(source) > 1:
            raise CalibrationError(source, "two calibrations are named for it; name one")


def keep_calibrations(folder: RunFolder, found: Sequence[Stored]) -> None:
    """Put them under `data/`, where the seal protects them."""
    if not found:
        return
    goal = folder.data / FOLDER
    goal.mkdir()
    for one in found:
        write_bytes(goal / f"{one.name}.json", calibration_store.to_bytes(one))


def with_calibrations(
    root: Path, reading: RunReading, applied: Applied, equipment: Equipment | None
) -> Applied:
    """A run with what its folder keeps of calibrations applied. Raises CalibrationError."""
    place = root / "data" / FOLDER
    found = [calibration_store.read(path) for path in calibration_store.names(place)]
    facts = reading.facts
    keys = keys_of(facts.device_before, facts.plan.plan.device, equipment)
    run, around = applied.run, applied.instruments.environment
    heat = Heat(device_span(run.counted(), requests_of), air_span(around))
    return apply_transfers(applied, found, About(keys, days_of(facts.performed), heat))
