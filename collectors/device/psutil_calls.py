"""Machines without procfs, through psutil: CPU time, memory, temperatures, battery.

A call costs 40 to 700 us, which is why procfs is read by our own files where there is one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from collectors.device.part import Part, Polled
from collectors.device.text import slug, unique
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "psutil"
PSUTIL_HZ = 10.0
_FIX = "pip install psutil"
_NONE = "none: psutil finds none on this machine"


@dataclass(frozen=True, slots=True)
class _Source:
    """One call of psutil: its name, its channels and how to take their values."""

    call: str
    channels: tuple[Channel, ...]
    take: Callable[[], Sequence[Value]]


def load_psutil() -> ModuleType:
    """Raises ImportError where psutil is not installed."""
    return importlib.import_module("psutil")


def open_psutil(scope: Scope, load: Callable[[], ModuleType] = load_psutil) -> Opened:
    """What psutil gives on this machine. load: gives the psutil module."""
    try:
        psutil = load()
    except ImportError as err:
        absent = Absent(KIND, "psutil", f"not-installed: {type(err).__name__}", _FIX)
        return Opened(None, (absent,))
    tried = [_try(psutil, make, scope) for make in (_cpu, _memory, _rss, _temperatures, _battery)]
    parts = [one for one in tried if isinstance(one, Part)]
    absents = tuple(one for one in tried if isinstance(one, Absent))
    return Opened(Polled(parts, scope.clock, PSUTIL_HZ) if parts else None, absents)


def _try(
    psutil: ModuleType, make: Callable[[ModuleType, Scope], _Source | Absent], scope: Scope
) -> Part | Absent:
    """AttributeError: psutil leaves out what the platform does not have."""
    try:
        source = make(psutil, scope)
    except (psutil.Error, OSError, AttributeError, NotImplementedError) as err:
        call = f"psutil {make.__name__.strip('_')}"
        return Absent(KIND, call, f"not-supported: {_one_line(err)}", _NONE)
    if isinstance(source, Absent):
        return source
    return Part(source.channels, partial(_take, psutil, source), _nothing)


def _nothing() -> None:
    """A call holds nothing."""


def _take(psutil: ModuleType, source: _Source) -> Sequence[Value]:
    try:
        return source.take()
    except psutil.NoSuchProcess:
        reason = "process-ended"
    except (psutil.Error, OSError) as err:
        reason = f"unreadable: {_one_line(err)}"
    return (Missing(reason),) * len(source.channels)


def _one_line(err: Exception) -> str:
    return " ".join(f"{type(err).__name__} {err}".split())


def _cpu(psutil: ModuleType, _scope: Scope) -> _Source:
    def take() -> Sequence[Value]:
        times = psutil.cpu_times()
        names = ("user", "nice", "system", "irq", "softirq")
        return float(sum(getattr(times, n, 0.0) for n in names)), float(times.idle)

    take()
    note = "psutil cpu_times: the platform's own accounting, its step is not stated"
    channels = (
        _channel("cpu.busy", Unit.SECOND, Kind.COUNTER, Quantity.CPU_TIME, note),
        _channel("cpu.idle", Unit.SECOND, Kind.COUNTER, Quantity.IDLE, note),
    )
    return _Source("cpu_times", channels, take)


def _memory(psutil: ModuleType, _scope: Scope) -> _Source:
    def take() -> Sequence[Value]:
        return (int(psutil.virtual_memory().available),)

    take()
    note = "psutil virtual_memory: what can be given without swapping, an estimate"
    channel = _channel("memory.available", Unit.BYTE, Kind.INSTANT, Quantity.MEMORY, note)
    return _Source("virtual_memory", (channel,), take)


def _rss(psutil: ModuleType, scope: Scope) -> _Source | Absent:
    if scope.pid is None:
        return Absent(KIND, "psutil Process", "no-process: none is measured", "start the engine")
    process = psutil.Process(scope.pid)

    def take() -> Sequence[Value]:
        return (int(process.memory_info().rss),)

    take()
    note = "psutil memory_info: resident set or working set, as the platform has it"
    channel = _channel("process.rss", Unit.BYTE, Kind.INSTANT, Quantity.MEMORY, note)
    return _Source("memory_info", (channel,), take)


def _temperatures(psutil: ModuleType, _scope: Scope) -> _Source | Absent:
    def now() -> list[tuple[str, object]]:
        found = psutil.sensors_temperatures()
        return [
            (f"{slug(chip)}.{slug(entry.label or chip)}", entry.current)
            for chip in sorted(found)
            for entry in found[chip]
        ]

    names = unique(name for name, _ in now())
    if not names:
        return Absent(KIND, "psutil sensors_temperatures", "not-present: no sensor", _NONE)

    def take() -> Sequence[Value]:
        rows = now()
        if len(rows) != len(names):
            return (Missing(f"changed: {len(rows)} sensors, {len(names)} before"),) * len(names)
        return [_number(value) for _, value in rows]

    note = "psutil sensors_temperatures: degC, as the driver has it"
    channels = tuple(
        _channel(f"{n}.temperature", Unit.CELSIUS, Kind.INSTANT, Quantity.TEMPERATURE, note)
        for n in names
    )
    return _Source("sensors_temperatures", channels, take)


def _battery(psutil: ModuleType, _scope: Scope) -> _Source | Absent:
    def take() -> Sequence[Value]:
        found = psutil.sensors_battery()
        if found is None:
            return (Missing("not-present: no battery"),) * 2
        plugged = found.power_plugged
        state = Missing("not-stated: power_plugged") if plugged is None else int(plugged)
        return _number(found.percent), state

    if psutil.sensors_battery() is None:
        return Absent(KIND, "psutil sensors_battery", "not-present: no battery", _NONE)
    note = "psutil sensors_battery: no power evidence, only whether and how far it is charged"
    channels = (
        _channel("battery.capacity", Unit.PERCENT, Kind.INSTANT, Quantity.CHARGE, note),
        _channel("battery.online", Unit.ONE, Kind.STATE, Quantity.STATE, note),
    )
    return _Source("sensors_battery", channels, take)


def _number(value: object) -> Value:
    """A finite number of the platform, or why it is none."""
    if isinstance(value, (int, float)) and abs(value) < float("inf"):
        return value
    return Missing(f"not-a-number: {type(value).__name__}")


def _channel(name: str, unit: Unit, kind: Kind, quantity: Quantity, note: str) -> Channel:
    call = note.partition(":")[0]
    return Channel(f"psutil.{name}", unit, kind, quantity, call, note=note)
