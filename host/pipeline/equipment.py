"""The instruments of a run: checked before it, kept in its folder, applied when it is redone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.reading import Unit
from host.align.read import RunReading
from host.equipment.apply import apply
from host.equipment.assign import Named, assign
from host.equipment.load import FOLDER, Loaded, kept_in, load
from host.errors import DeviceError
from host.handover.conditions import SensorTerm
from host.handover.units import conversion
from host.pipeline.calibration_use import with_calibrations
from host.run.folder import RunFolder, write_bytes

if TYPE_CHECKING:
    from host.run.link import Link


def equipment_for(path: Path | None, link: Link) -> Loaded | None:
    """The equipment file of a run to come, tried with the channels that the device has.

    Raises EquipmentError, so that a run is refused before its folder is made.
    """
    if path is None:
        return None
    loaded = load(path)
    said = link.ask("probe", {"reads": 1}, answer="sources")
    assign(loaded.equipment, _channels(said.get("channels", ())))
    return loaded


def keep_equipment(folder: RunFolder, loaded: Loaded | None) -> None:
    """Put the file and its certificates under `data/`, where the seal protects them."""
    if loaded is None:
        return
    goal = folder.data / FOLDER
    goal.mkdir()
    for name, data in loaded.files.items():
        write_bytes(goal / name, data)


def with_equipment(
    root: Path, reading: RunReading
) -> tuple[RunReading, Mapping[str, tuple[SensorTerm, ...]]]:
    """A run folder's reading with corrected series and earned tiers, and terms by channel.

    Raises EquipmentError or CalibrationError where what the folder keeps is not usable.
    """
    equipment = kept_in(root / "data")
    applied = apply(reading.run, equipment, reading.facts.performed)
    applied = with_calibrations(root, reading, applied, equipment)
    found = applied.instruments
    facts = replace(
        reading.facts,
        sources=_earned(reading.facts.sources, found.tiers),
        equipment=found.equipment,
        environment=found.environment,
        equipment_problems=found.problems,
    )
    return replace(reading, run=applied.run, facts=facts), applied.sensors


def _channels(said: Sequence[Mapping[str, Any]]) -> list[Named]:
    try:
        return [
            Named(str(c["name"]), conversion(Unit(c["unit"])).unit, str(c["kind"])) for c in said
        ]
    except (KeyError, TypeError, ValueError) as err:
        raise DeviceError("the agent", f"describes a channel in an odd way: {err!r}") from err


def _earned(sources: Mapping[str, Any], tiers: Mapping[str, str]) -> Mapping[str, Any]:
    """What the device said of its sources, with the tiers that they earned."""
    if "channels" not in sources:
        return sources
    channels = [{**c, **_tier(c, tiers)} for c in sources["channels"]]
    return {**sources, "channels": channels}


def _tier(channel: Mapping[str, Any], tiers: Mapping[str, str]) -> dict[str, str]:
    name = str(channel.get("name", ""))
    return {"tier": tiers[name]} if name in tiers and "tier" in channel else {}
