"""The meters of an equipment file that the host reads itself while a run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from collectors.clocks import device_clock
from collectors.meters.hookup import Hookup
from collectors.meters.protocol import FastMeter, Meter, MeterError, Transcript
from collectors.meters.table import opener
from collectors.protocol import Clock
from host.equipment.load import kept_in
from host.errors import PlanError
from host.handover.equipment import Connection, Equipment, Instrument
from host.handover.plan import Plan
from host.handover.progress import Progress
from host.pipeline.fill import Work, disk
from host.run.ambient import Look, look_at
from host.run.meter_lock import held
from host.run.meters import recording

# Drivers that only read files of the kernel: any number of runs may, side by side.
SHARED = frozenset({"ds18b20"})
AMBIENT = "ambient"  # the kind of instruments that look at the air


@contextmanager
def meters_alone(equipment: Equipment | None, who: str) -> Iterator[None]:
    """Have the meters of a run to itself inside. who: the run's folder, which others are told.

    Raises DeviceError where another run has one of them; before a run has a folder, none is left.
    """
    found = _connected(equipment)
    with held([(n, c.address) for n, (_, c) in found.items() if c.driver not in SHARED], who):
        yield


@contextmanager
def metered(work: Work) -> Iterator[Look | None]:
    """All of them, which the run has alone, are read inside. Gives what shows the air, if any.

    Raises DeviceError for one that cannot be opened.
    One that is lost in the middle ends no run: what it gave is kept, and the rest is a gap.
    """
    found = _connected(kept_in(work.folder.data))
    if not found:
        yield None
        return
    clock = device_clock()
    asked = ", ".join(f"{name} ({c.driver})" for name, (_, c) in found.items())
    work.watch(Progress("meter", waiting=asked))
    openers = {
        name: (partial(_open, instrument, connection, clock), msgspec.to_builtins(connection))
        for name, (instrument, connection) in found.items()
    }
    with (
        disk(work.folder),
        recording(work.folder.data, openers, clock) as recorders,
    ):
        air = [one for one in recorders if found[one.name][0].kind == AMBIENT]
        yield look_at(air, clock) if air else None
    lost = "; ".join(f"{one.name}: {one.failed}" for one in recorders if one.failed)
    if lost:
        work.watch(Progress("meter", waiting=f"gave nothing any more: {lost}"))


def refuse_meters(equipment: Equipment) -> None:
    """Raise PlanError where a run that is left alone would need the host to read a meter."""
    for name in _connected(equipment):
        said = f"instrument {name} is read by the host, which a detached run does not have"
        raise PlanError("equipment", said)


def check_meters(equipment: Equipment) -> None:
    """Raise PlanError for settings that would look at another load than that of the run."""
    for name, (_, connection) in _connected(equipment).items():
        if "ranging" in connection.settings:
            raise PlanError(
                "equipment",
                f"instrument {name} would find its ranges before the run, without its load; find"
                f" them beside one (`inferometer meters probe {connection.driver} … --set"
                " ranging=100 --read`) and state them",
            )


def check_pulses(plan: Plan, equipment: Equipment | None) -> None:
    """Raise PlanError for load pulses that no meter would see."""
    if plan.pulses and not _connected(equipment):
        said = "no meter of the equipment file is read by the host, so none would see them"
        raise PlanError("pulses", f"{said}; leave the table out")


def check_ambient(plan: Plan, equipment: Equipment | None) -> None:
    """Raise PlanError for gates on the air that no meter shows, or that nothing can pass."""
    low, high = plan.gates.min_ambient_c, plan.gates.max_ambient_c
    if low is msgspec.UNSET and high is msgspec.UNSET:
        return
    if not any(i.kind == AMBIENT for i, _ in _connected(equipment).values()):
        raise PlanError(
            "gates",
            "min_ambient_c and max_ambient_c are looked at on an ambient meter that the host"
            f' reads, and the equipment file has none: name one there (kind = "{AMBIENT}", with'
            " connect), or leave them out",
        )
    if isinstance(low, float) and isinstance(high, float) and low > high:
        raise PlanError("gates", f"min_ambient_c {low:g} is above max_ambient_c {high:g}")


def _connected(equipment: Equipment | None) -> dict[str, tuple[Instrument, Connection]]:
    instruments = () if equipment is None else equipment.instrument
    return {i.id: (i, i.connect) for i in instruments if i.connect is not None}


def _open(
    instrument: Instrument, connection: Connection, clock: Clock, transcript: Transcript
) -> Meter | FastMeter:
    name = f"meter.{instrument.id}"
    hookup = Hookup(name, connection.address, connection.settings, clock, transcript)
    found = opener(connection.driver)(hookup)
    try:
        if (
            connection.driver not in SHARED
        ):  # many probes behind one id, each has a name of its own
            expect_serial(instrument, found.identity.serial)
    except MeterError:
        found.close()
        raise
    return found


def expect_serial(instrument: Instrument, said: str) -> None:
    """Raise MeterError where another unit answers than the one of the certificates.

    said: by the meter itself, "" where it does not say, "0" where it has none to say (IEEE 488.2,
    10.14). Spaces and upper case do not count.
    """
    ours, theirs = ("".join(text.split()).casefold() for text in (instrument.serial, said))
    if theirs not in ("", "0", ours):
        raise MeterError(
            instrument.id,
            f"says that its serial number is {said[:40]}, the equipment file says"
            f" {instrument.serial[:40]}: certificates are of one unit alone",
        )
