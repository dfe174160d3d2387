"""Eastron SDM120: a class 1 DIN-rail meter on Modbus RTU.

Source: Eastron SDM120-Modbus, Modbus protocol implementation V2.4: input registers as IEEE 754
floats, high word first; 2400 baud 8N1 and unit 1 as delivered, baud in holding register 0x1C.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collectors.device.part import Missing, Value
from collectors.meters.modbus import HOLDING, INPUT, ModbusLine, Registers, float32
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, Line, MeterError, Setting
from collectors.protocol import Clock
from collectors.reading import Channel, Kind, Quantity, Unit

BAUD, UNIT = 2400, 1
PERIOD_S = 1.0  # the instrument has new values once a second
BAUD_REGISTER = 0x1C
BAUDS = {0: 2400, 1: 4800, 2: 9600, 5: 1200}
_KILOWATT_HOUR_J = 3.6e6
_OPEN_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Value:
    """A number in the instrument, and the widest it can show (twice what it is rated for)."""

    register: int
    word: str
    unit: Unit
    quantity: Quantity
    most: float
    scale: float = 1.0


# Read in two goes: voltage, current and power are then of one moment, as far as it can be had.
_VALUES = (
    _Value(0x00, "voltage", Unit.VOLT, Quantity.VOLTAGE, 552),
    _Value(0x06, "current", Unit.AMPERE, Quantity.CURRENT, 90),
    _Value(0x0C, "power", Unit.WATT, Quantity.POWER, 24840),
    _Value(0x1E, "power_factor", Unit.ONE, Quantity.STATE, 1),
    _Value(0x46, "line", Unit.HERTZ, Quantity.FREQUENCY, 130),
    _Value(0x48, "energy", Unit.JOULE, Quantity.ENERGY, 999999.9, _KILOWATT_HOUR_J),
)
_RUNS = ((0x00, 0x20), (0x46, 0x04))  # first register, how many


def open_sdm120(
    line: Line, clock: Clock, *, unit: int = UNIT, baud: int = BAUD, name: str = "sdm120"
) -> Polled:
    """The meter with this unit number; `energy` is what was imported.

    Asks for the baud register: raises MeterError where nothing answers or it is set otherwise.
    At 2400 baud one read of all takes 0.4 s; set 9600. Untried on hardware.
    """
    bus = ModbusLine(line, baud)
    setting = _baud(bus, unit, baud, line.name)
    fields = tuple(_field(value, line.name, unit, name) for value in _VALUES)

    def ask(timeout_s: float) -> Sequence[Value]:
        found: dict[int, Value] = {}
        for first, count in _RUNS:
            asked = Registers(unit, INPUT, first, count)
            registers = bus.read(asked, timeout_s=timeout_s / len(_RUNS))
            for value in _VALUES:
                if first <= value.register < first + count:
                    found[value.register] = _number(registers, value.register - first)
        return tuple(found[value.register] for value in _VALUES)

    identity = Identity("Eastron", "SDM120", "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S, (setting,)), clock, bus.close)


def _baud(bus: ModbusLine, unit: int, baud: int, line: str) -> Setting:
    """The baud register, read back. baud 0 (a gateway) agrees with every setting."""
    asked = Registers(unit, HOLDING, BAUD_REGISTER, 2)
    found = bus.read(asked, timeout_s=_OPEN_TIMEOUT_S)
    if isinstance(found, Missing):
        raise MeterError(line, f"unit {unit} is no SDM120: {found.reason}")
    code = float32(found, 0)
    told = next((b for c, b in BAUDS.items() if c == code), None)
    if told is None or (baud and told != baud):
        raise MeterError(line, f"unit {unit} says baud code {code:.6g}, the line has {baud}")
    return Setting("baud", str(baud or "any"), str(told))


def _number(registers: tuple[int, ...] | Missing, at: int) -> Value:
    return registers if isinstance(registers, Missing) else float32(registers, at)


def _field(value: _Value, line: str, unit: int, prefix: str) -> Field:
    counter = value.quantity is Quantity.ENERGY
    channel = Channel(
        name=f"{prefix}.{value.word}",
        unit=value.unit,
        kind=Kind.COUNTER if counter else Kind.AVERAGE,
        quantity=value.quantity,
        source=f"{line} unit {unit} register 0x{value.register:04X}",
        scale=value.scale,
        tier="A-" if value.quantity in (Quantity.POWER, Quantity.ENERGY) else "",
        note="new once a second and held in between",
    )
    return Field(channel, 0 if counter else -value.most, value.most)
