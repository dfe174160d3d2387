"""PZEM-004T v3: a wall meter on Modbus RTU.

Source: Peacefair PZEM-004T V3.0 user manual, 2.3: 9600 baud 8N1, function 4 from register 0, of
numbers in two registers the low word comes first. Accuracy 0.5 %; power is shown from 0.4 W.
"""

from __future__ import annotations

from collections.abc import Sequence

from collectors.device.part import Missing, Value
from collectors.meters.modbus import INPUT, ModbusLine, Registers, unsigned32_low_first
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, Line
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

BAUD = 9600
GENERAL_UNIT = 0xF8  # answered by every unit: only with one unit on the line
PERIOD_S = 1.0  # the instrument has new values once a second
_HELD = "new once a second and held in between"
_WATT_HOUR_J = 3600


def _fields(source: str, prefix: str) -> tuple[Field, ...]:
    """In the order of the registers; limits: twice what the manual's 2.1 says it measures."""

    def one(word: str, unit: Unit, quantity: Quantity, scale: float, high: float) -> Field:
        tier = "A-" if quantity in (Quantity.POWER, Quantity.ENERGY) else ""
        kind = Kind.COUNTER if quantity is Quantity.ENERGY else Kind.AVERAGE
        name = f"{prefix}.{word}"
        channel = Channel(name, unit, kind, quantity, source, scale, None, scale, tier, _HELD)
        return Field(channel, 0, high / scale)

    return (
        one("voltage", Unit.VOLT, Quantity.VOLTAGE, 0.1, 520),
        one("current", Unit.AMPERE, Quantity.CURRENT, 0.001, 200),
        one("power", Unit.WATT, Quantity.POWER, 0.1, 46e3),
        one("energy", Unit.JOULE, Quantity.ENERGY, _WATT_HOUR_J, 9999.99e3 * _WATT_HOUR_J),
        one("line", Unit.HERTZ, Quantity.FREQUENCY, 0.1, 130),
        one("power_factor", Unit.ONE, Quantity.STATE, 0.01, 1),
    )


def open_pzem(
    line: Line, clock: Clock, *, unit: int = GENERAL_UNIT, baud: int = BAUD, name: str = "pzem"
) -> Polled:
    """The meter with this unit number on the line. Its energy counts whole Wh: 3600 J a step.

    Untried on hardware.
    """
    bus = ModbusLine(line, baud)
    asked = Registers(unit, INPUT, 0, 9, any_unit=unit == GENERAL_UNIT)
    fields = _fields(f"{line.name} unit {unit} registers 0..8", name)

    def ask(timeout_s: float) -> Sequence[Value]:
        found = bus.read(asked, timeout_s=timeout_s)
        return (found,) * len(fields) if isinstance(found, Missing) else _values(found)

    identity = Identity("Peacefair", "PZEM-004T v3", "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, bus.close)


def _values(registers: tuple[int, ...]) -> tuple[Value, ...]:
    current, power, energy = (unsigned32_low_first(registers, at) for at in (1, 3, 5))
    return (registers[0], current, power, energy, registers[7], registers[8])
