"""XY-MD02: temperature and humidity of the air, on Modbus RTU (an SHT20 or SHT40 behind it).

Source: XY-MD02 manual: 9600 baud 8N1, unit 1, function 4, register 1 temperature (signed) and 2
relative humidity, both in tenths. +-0.5 degC, +-3 %. Clones give hundredths, or want a parity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.device.part import Missing, Value
from collectors.meters.modbus import INPUT, ModbusLine, Registers
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, Line
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

BAUD, UNIT = 9600, 1
PERIOD_S = 1.0  # asked faster, the sensor warms itself
LOW_C, HIGH_C = -40.0, 85.0  # Sensirion SHT20 data sheet, operating range of the module's parts
_SIGN = 0x8000


@dataclass(frozen=True, slots=True)
class Air:
    """Where the sensor is. step: what one count is: 0.1, or 0.01 with a clone in hundredths."""

    unit: int
    baud: int
    step: float
    name: str = "ambient"


def open_xymd02(line: Line, clock: Clock, about: Air) -> Polled:
    """The sensor with this unit number. Untried on hardware."""
    step, unit = about.step, about.unit
    bus = ModbusLine(line, about.baud)
    source = f"{line.name} unit {unit} registers 1..2"
    air = Channel(
        f"{about.name}.air.temperature",
        Unit.CELSIUS,
        Kind.INSTANT,
        Quantity.TEMPERATURE,
        source,
        step,
        scale=step,
    )
    damp = Channel(
        f"{about.name}.air.humidity",
        Unit.PERCENT,
        Kind.INSTANT,
        Quantity.STATE,
        source,
        step,
        scale=step,
        note="relative humidity",
    )
    fields = (Field(air, LOW_C / step, HIGH_C / step), Field(damp, 0, 100 / step))

    def ask(timeout_s: float) -> Sequence[Value]:
        found = bus.read(Registers(unit, INPUT, 1, 2), timeout_s=timeout_s)
        if isinstance(found, Missing):
            return (found, found)
        return ((found[0] ^ _SIGN) - _SIGN, found[1])

    identity = Identity("", "XY-MD02", "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, bus.close)
