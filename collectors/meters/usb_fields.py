"""The channels that all USB inline meters have: voltage, current, power, and their kin."""

from __future__ import annotations

from dataclasses import replace

from collectors.meters.polled import Field
from collectors.reading import Channel, Kind, Quantity, Unit

# USB Power Delivery R3.1, 7.1: at most 48 V and 5 A; twice that is no reading.
MOST_V, MOST_A = 96.0, 10.0
LOW_C, HIGH_C = -55.0, 150.0  # the widest range in which silicon works
MILLIWATT_HOUR_J = 3.6
MOST_U32 = 0xFFFFFFFF
HOBBY = "no calibration certificate: check two points against a calibrated meter first"


def volts(name: str, source: str, step: float, note: str = HOBBY) -> Field:
    """A voltage counted in steps of so many V."""
    channel = Channel(name, Unit.VOLT, Kind.INSTANT, Quantity.VOLTAGE, source, step, scale=step)
    return Field(replace(channel, note=note), 0, MOST_V / step)


def amperes(name: str, source: str, step: float, note: str = HOBBY) -> Field:
    """A current counted in steps of so many A; its sign is its direction."""
    channel = Channel(name, Unit.AMPERE, Kind.INSTANT, Quantity.CURRENT, source, step, scale=step)
    return Field(replace(channel, note=note), -MOST_A / step, MOST_A / step)


def celsius(name: str, source: str, step: float) -> Field:
    """The instrument's own temperature, counted in steps of so many degC."""
    kind, quantity = Kind.INSTANT, Quantity.TEMPERATURE
    channel = Channel(name, Unit.CELSIUS, kind, quantity, source, step, scale=step)
    return Field(replace(channel, note="of the instrument"), LOW_C / step, HIGH_C / step)


def watts(name: str, source: str, note: str = HOBBY) -> Field:
    """Power in W: voltage times current of one frame, where the instrument sends no power."""
    kind, quantity = Kind.INSTANT, Quantity.POWER
    channel = Channel(name, Unit.WATT, kind, quantity, source, tier="A-", note=note)
    return Field(channel, -MOST_V * MOST_A, MOST_V * MOST_A)


def milliwatt_hours(name: str, source: str) -> Field:
    """An energy counter of 32 bits in mWh: 3.6 J a step."""
    kind, quantity, step = Kind.COUNTER, Quantity.ENERGY, MILLIWATT_HOUR_J
    channel = Channel(name, Unit.JOULE, kind, quantity, source, step, scale=step, tier="A-")
    return Field(replace(channel, note=HOBBY), 0, MOST_U32)
