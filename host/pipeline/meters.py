"""The meters of an equipment file that the host reads itself while a run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from collectors.clocks import device_clock
from collectors.meters.hookup import Hookup
from collectors.meters.protocol import FastMeter, Meter, Transcript
from collectors.meters.table import opener
from collectors.protocol import Clock
from host.equipment.load import kept_in
from host.errors import PlanError
from host.handover.equipment import Connection, Equipment
from host.handover.progress import Progress
from host.pipeline.fill import Work, disk
from host.run.meters import recording


@contextmanager
def metered(work: Work) -> Iterator[None]:
    """All of them are read inside. Raises DeviceError for one that cannot be had.

    One that is lost in the middle ends no run: what it gave is kept, and the rest is a gap.
    """
    found = _connected(kept_in(work.folder.data))
    if not found:
        yield
        return
    clock = device_clock()
    for name, connection in found.items():
        work.watch(Progress("meter", waiting=f"{name}: {connection.driver}"))
    openers = {
        name: (partial(_open, name, connection, clock), msgspec.to_builtins(connection))
        for name, connection in found.items()
    }
    with disk(work.folder), recording(work.folder.data, openers, clock) as recorders:
        yield
    for one in recorders:
        if one.failed:
            said = f"{one.name} gave nothing any more: {one.failed}"
            work.watch(Progress("meter", waiting=said))


def refuse_meters(equipment: Equipment) -> None:
    """Raise PlanError where a run that is left alone would need the host to read a meter."""
    for name in _connected(equipment):
        said = f"instrument {name} is read by the host, which a detached run does not have"
        raise PlanError("equipment", said)


def check_meters(equipment: Equipment) -> None:
    """Raise PlanError for settings that would look at another load than that of the run."""
    for name, connection in _connected(equipment).items():
        if "ranging" in connection.settings:
            raise PlanError(
                "equipment",
                f"instrument {name} would find its ranges before the run, without its load; find"
                f" them beside one (`inferometer meters probe {connection.driver} … --set"
                " ranging=100 --read`) and state them",
            )


def _connected(equipment: Equipment | None) -> dict[str, Connection]:
    instruments = () if equipment is None else equipment.instrument
    return {i.id: i.connect for i in instruments if i.connect is not None}


def _open(
    name: str, connection: Connection, clock: Clock, transcript: Transcript
) -> Meter | FastMeter:
    hookup = Hookup(f"meter.{name}", connection.address, connection.settings, clock, transcript)
    return opener(connection.driver)(hookup)
