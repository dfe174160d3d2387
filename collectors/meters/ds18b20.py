"""DS18B20: temperature sensors on a 1-Wire bus of this machine.

Source: Linux kernel, Documentation/w1/slaves/w1_therm.rst: `temperature` in m degC, `w1_slave`
with a line that ends in YES where the CRC holds and one with `t=` (all kernels). Maxim DS18B20
data sheet: +-0.5 degC, -55 to 125 degC, 0.0625 degC a step at 12 bits, 750 ms a conversion;
85 degC is what its memory holds before the first conversion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from collectors.device.part import MAX_FILES, KeptFile, Missing, Value
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, MeterError
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

DEVICES = "bus/w1/devices"
PERIOD_S = 1.0  # a conversion of each sensor takes 0.75 s
POWER_ON_MC = 85000
LOW_MC, HIGH_MC = -55000, 125000
_NAME = re.compile(r"28-[0-9a-f]{12}\Z")
_NUMBER = re.compile(rb"-?[0-9]{1,6}\Z")
_SLAVE = re.compile(rb"[^\n]*crc=[0-9a-f]{2} YES\n[^\n]*t=(-?[0-9]{1,6})\s*\Z")
_NOTE = "+-0.5 degC; a conversion takes 750 ms, before the value"


def open_ds18b20(sys: Path, clock: Clock, *, name: str = "ds18b20") -> Polled:
    """All sensors that the kernel lists. Raises MeterError where there is none.

    Untried on hardware.
    """
    folder = sys / DEVICES
    try:
        found = sorted(entry for entry in folder.iterdir() if _NAME.match(entry.name))[:MAX_FILES]
    except OSError:
        found = []
    takes = [take for sensor in found if (take := _take(sensor)) is not None]
    if not takes:
        raise MeterError(str(folder), "no DS18B20: wire one, and load w1-gpio or a 1-Wire adapter")
    fields = tuple(_field(name, sensor) for sensor, _, _ in takes)

    def ask(_timeout_s: float) -> Sequence[Value]:
        return tuple(read() for _, read, _ in takes)

    def close() -> None:
        for _, _, close_one in takes:
            close_one()

    serials = " ".join(sensor.name for sensor, _, _ in takes)
    identity = Identity("Maxim", "DS18B20", takes[0][0].name, "", serials)
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, close)


def _take(
    sensor: Path,
) -> tuple[Path, Callable[[], Value], Callable[[], None]] | None:
    """How to read this sensor and let go of it; None where it has gone already."""
    for attribute, parse in (("temperature", _temperature), ("w1_slave", _slave)):
        try:
            file = KeptFile.open(sensor / attribute)
        except OSError:
            continue
        return sensor, _reader(file, parse), file.close
    return None


def _reader(file: KeptFile, parse: Callable[[bytes], Value]) -> Callable[[], Value]:
    def read() -> Value:
        data = file.read()
        return data if isinstance(data, Missing) else _converted(parse(data))

    return read


def _temperature(data: bytes) -> Value:
    text = data.strip()
    return int(text) if _NUMBER.match(text) else Missing("not-a-number")


def _slave(data: bytes) -> Value:
    found = _SLAVE.match(data)
    return int(found[1]) if found else Missing("bad-checksum: w1_slave does not say YES")


def _converted(value: Value) -> Value:
    return Missing("power-on-value: 85 degC, no conversion yet") if value == POWER_ON_MC else value


def _field(prefix: str, sensor: Path) -> Field:
    channel = Channel(
        name=f"{prefix}.{sensor.name}.temperature",
        unit=Unit.MILLICELSIUS,
        kind=Kind.INSTANT,
        quantity=Quantity.TEMPERATURE,
        source=str(sensor),
        resolution=62.5,
        note=_NOTE,
    )
    return Field(channel, LOW_MC, HIGH_MC)
