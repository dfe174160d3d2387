"""Joulescope JS110 and JS220 by their own driver (extra `joulescope`: pyjoulescope_driver).

The instrument sends statistics over windows that follow each other without a hole: mean voltage,
current and power, and energy and charge as 128-bit counters. Source: pyjoulescope_driver 2.2.12,
entry_points/statistics.py (topics) and binding.pyx (`_parse_statistics`: fields and scales).
Ranges: 15 V and 10 A (JS220 data sheet).
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from collectors.device.part import Missing, Value
from collectors.meters.polled import Field, entry
from collectors.meters.protocol import Identity, MeterError, Setting
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Kind, Quantity, Reading, Unit

EXTRA = "joulescope"
JS220_HZ, JS110_HZ = 1_000_000, 2.0  # samples a second; the JS110 sends at a fixed rate
ENERGY_STEP_J, CHARGE_STEP_UAH = 2.0**-27, 2.0**-31 * 1e6 / 3600  # one count; 2^-31 C in uA.h
MOST_V, MOST_A = 30.0, 20.0  # twice the ranges
_MOST_WAITING = 1024
_MOST_COUNT = 2**127
_SAMPLES = ("time", "samples", "value")
_PATHS: tuple[tuple[str, ...], ...] = (
    ("signals", "voltage", "avg", "value"),
    ("signals", "current", "avg", "value"),
    ("signals", "power", "avg", "value"),
    ("accumulators", "energy", "int_value"),
    ("accumulators", "charge", "int_value"),
)
_ERRORS = (RuntimeError, OSError, ValueError, KeyError, TimeoutError)


class Driver(Protocol):
    """What is used of `pyjoulescope_driver.Driver`."""

    def device_paths(self) -> Sequence[str]: ...

    def open(self, device_prefix: str) -> object: ...

    def close(self, device_prefix: str) -> object: ...

    def publish(self, topic: str, value: object) -> object: ...

    def query(self, topic: str) -> object: ...

    def subscribe(self, topic: str, flags: str, fn: Callable[[str, object], None]) -> object: ...

    def unsubscribe(self, topic: str, fn: Callable[[str, object], None]) -> object: ...

    def finalize(self) -> object: ...


def own_driver() -> Driver:
    """The library's driver. Raises MeterError where the extra is not installed."""
    try:
        from pyjoulescope_driver import Driver as Library
    except ImportError as err:
        raise MeterError(EXTRA, f"not installed: pip install inferometer[{EXTRA}]") from err
    driver: Driver = Library()
    return driver


@dataclass(frozen=True, slots=True)
class _Update:
    arrived_ns: int
    value: object


class Joulescope:
    """A Meter: each update of the statistics is one reading of every channel.

    rate_hz: how many updates a second are wanted of a JS220. A window that never came is one Gap
    for every channel, before the readings of the next. Updates are stamped when the driver hands
    them on, after the window's end. Untried on hardware.
    """

    def __init__(
        self,
        driver: Driver,
        clock: Clock,
        *,
        path: str = "",
        rate_hz: float = 2.0,
        name: str = "js",
    ) -> None:
        self._driver, self._clock = driver, clock
        self._path, self._rate_hz = _choose(driver, path), rate_hz
        self._js220 = "js220" in self._path
        window_s = 1 / (self._rate_hz if self._js220 else JS110_HZ)
        self._fields = _fields(self._topic, name, window_s)
        self._waiting: queue.Queue[_Update] = queue.Queue(_MOST_WAITING)
        self._next_sample: int | None = None
        self._held: tuple[Reading | Gap, ...] = ()
        self._open = self._begun = False

    @property
    def identity(self) -> Identity:
        maker, model, serial = [*self._path.split("/"), "", "", ""][:3]
        return Identity("Jetperch" if maker == "u" else maker, model.upper(), serial, "")

    @property
    def _topic(self) -> str:
        return f"{self._path}/s/{'stats' if self._js220 else 'sstats'}/value"

    def describe(self) -> tuple[Channel, ...]:
        return tuple(field.channel for field in self._fields)

    def begin(self) -> tuple[Setting, ...]:
        wanted: dict[str, object] = {"s/i/range/select": "auto"}
        if self._js220:
            count = round(JS220_HZ / self._rate_hz)
            wanted = {"s/i/range/mode": "auto", "s/stats/scnt": count, "s/stats/ctrl": 1}
        self._next_sample, self._held = None, ()
        try:
            self._driver.open(self._path)
            self._open = True
            settings = tuple(self._set(topic, value) for topic, value in wanted.items())
            self._driver.subscribe(self._topic, "pub", self._arrived)
            self._begun = True
        except _ERRORS as err:
            raise MeterError(self._path, f"cannot be set: {type(err).__name__}: {err}") from err
        return settings

    def read(self, *, timeout_s: float) -> tuple[Reading | Gap, ...]:
        if self._held:
            held, self._held = self._held, ()
            return held
        try:
            update = self._waiting.get(timeout=timeout_s)
        except queue.Empty:
            return ()
        readings = self._readings(update)
        gaps = self._lost(update)
        if gaps:
            self._held = readings
            return gaps
        return readings

    def end(self) -> tuple[Setting, ...]:
        if not self._begun:
            return ()
        self._begun = False
        try:
            self._driver.unsubscribe(self._topic, self._arrived)
            return (self._set("s/stats/ctrl", 0),) if self._js220 else ()
        except _ERRORS as err:
            raise MeterError(self._path, f"cannot be stopped: {type(err).__name__}") from err

    def close(self) -> None:
        if self._open:
            self._open = False
            self._driver.close(self._path)
            self._driver.finalize()

    def _arrived(self, _topic: str, value: object) -> None:
        """Called by the driver's own thread: stamp, and hand on. A full queue drops the newest."""
        update = _Update(self._clock.now_ns(), value)
        if not self._waiting.full():
            self._waiting.put_nowait(update)

    def _set(self, topic: str, value: object) -> Setting:
        self._driver.publish(f"{self._path}/{topic}", value)
        found = self._driver.query(f"{self._path}/{topic}")
        return Setting(topic, str(value), str(found)[:100])

    def _readings(self, update: _Update) -> tuple[Reading | Gap, ...]:
        stamp = update.arrived_ns
        values = (_number(update.value, *path) for path in _PATHS)
        return tuple(
            entry(field, value, stamp, stamp)
            for field, value in zip(self._fields, values, strict=True)
        )

    def _lost(self, update: _Update) -> tuple[Gap, ...]:
        """Gaps where this window does not begin where the last one ended."""
        first, end = (_number(update.value, *_SAMPLES, at) for at in (0, 1))
        if not isinstance(first, int) or not isinstance(end, int):
            return ()
        before, self._next_sample = self._next_sample, end
        if before is None or first == before:
            return ()
        reason = f"lost: {first - before} samples between two windows"
        return tuple(Gap(f.channel.name, update.arrived_ns, reason) for f in self._fields)


def _number(value: object, *path: str | int) -> Value:
    """The number at this place of what the driver handed on, or why there is none."""
    for step in path:
        held = value.keys() if isinstance(value, Mapping) else range(_length(value))
        if step not in held:
            return Missing(f"no-such-field: {step}")
        value = value[step]  # type: ignore[index]  # it is one of its keys
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Missing("not-a-number")
    return value


def _length(value: object) -> int:
    return len(value) if isinstance(value, list | tuple) else 0


def _choose(driver: Driver, path: str) -> str:
    """This instrument, or the only one. Raises MeterError where it is not clear which."""
    try:
        found = [p for p in driver.device_paths() if "js110" in p or "js220" in p]
    except _ERRORS as err:
        raise MeterError(EXTRA, f"its driver fails: {type(err).__name__}") from err
    if path in found or (not path and len(found) == 1):
        return path or found[0]
    raise MeterError(path or EXTRA, f"not one of those attached: {', '.join(found) or 'none'}")


def _fields(source: str, prefix: str, window_s: float) -> tuple[Field, ...]:
    """In the order of _PATHS. Each update tells the numbers of its samples: it is a new one."""

    def mean(word: str, unit: Unit, quantity: Quantity, most: float) -> Field:
        tier = "A-" if quantity is Quantity.POWER else ""
        channel = Channel(f"{prefix}.{word}", unit, Kind.AVERAGE, quantity, source, tier=tier)
        note = "mean over the window before the stamp"
        whole = replace(channel, note=note, averaging_s=window_s, each_new=True)
        return Field(whole, -most, most)

    def counter(word: str, unit: Unit, quantity: Quantity, step: float) -> Field:
        tier = "A-" if quantity is Quantity.ENERGY else ""
        kind, name = Kind.COUNTER, f"{prefix}.{word}"
        channel = Channel(name, unit, kind, quantity, source, step, scale=step, tier=tier)
        return Field(channel, -_MOST_COUNT, _MOST_COUNT)

    return (
        mean("voltage", Unit.VOLT, Quantity.VOLTAGE, MOST_V),
        mean("current", Unit.AMPERE, Quantity.CURRENT, MOST_A),
        mean("power", Unit.WATT, Quantity.POWER, MOST_V * MOST_A),
        counter("energy", Unit.JOULE, Quantity.ENERGY, ENERGY_STEP_J),
        counter("charge", Unit.MICROAMPEREHOUR, Quantity.CHARGE, CHARGE_STEP_UAH),
    )
