"""Power rails behind INA3221 chips (Jetson and other boards).

Source: kernel, Documentation/hwmon/ina3221.rst: inN_input bus voltage in mV, currN_input in mA for
N = 1..3; in4 to in6 are shunt voltages and in7 their sum, which are no rails. mV times mA is uW.
The rails are those of the module: the carrier board is not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from collectors.device.hwmon import INA3221, chips, refresh_s
from collectors.device.part import KeptFile, Part, Wanted, not_present, open_wanted, present
from collectors.device.text import integer, short_integer, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "ina3221"
_INPUTS = (1, 2, 3)
# NVIDIA DRIVE OS 7.0.3, power measurement: least bit 8 mV of bus and 40 uV of shunt voltage.
_BUS_STEP_MV, _SHUNT_STEP_UV = 8.0, 40.0
_FIX = "none: only boards with an INA3221 (Jetson and the like) have these rails"
_NOTE = (
    "module rail, without the carrier board; voltage and current are two reads and may come from "
    "two conversions"
)


def open_ina3221(scope: Scope) -> Opened:
    """Voltage, current and their product for each rail that is connected."""
    rails = [
        (chip.folder, number, label)
        for chip in chips(scope)
        if chip.name.startswith(INA3221)
        for number, label in _connected(chip.folder)
    ]
    if not rails:
        return not_present(KIND, scope.sys / "class/hwmon", "no INA3221 rail", _FIX)
    names = unique(slug(label) for _, _, label in rails)
    wanted = [
        Wanted(folder / f"curr{number}_input", partial(_rail, folder, number, name))
        for name, (folder, number, _) in zip(names, rails, strict=True)
    ]
    return open_wanted(KIND, wanted, scope, _FIX)


def _connected(folder: Path) -> list[tuple[int, str]]:
    """Inputs that are switched on and labelled as anything but `NC` (not connected)."""
    found = [(n, short_text(folder / f"in{n}_label") or f"in{n}") for n in _INPUTS]
    return [
        (number, label)
        for number, label in found
        if label != "NC"
        and short_integer(folder / f"in{number}_enable") != 0
        and present(folder / f"in{number}_input")
    ]


def _rail(folder: Path, number: int, name: str) -> Part:
    voltage = KeptFile.open(folder / f"in{number}_input")
    try:
        current = KeptFile.open(folder / f"curr{number}_input")
    except OSError:
        voltage.close()
        raise
    each_s = refresh_s(folder)
    channels = tuple(
        replace(channel, refresh_s=each_s)
        for channel in _channels(
            f"ina3221.{name}", voltage.path, current.path, _current_step_ma(folder, number)
        )
    )

    def close() -> None:
        voltage.close()
        current.close()

    return Part(channels, partial(_take, voltage, current), close)


def _current_step_ma(folder: Path, number: int) -> float | None:
    """Least step of the current: that of the shunt voltage over the shunt (uOhm)."""
    shunt_uohm = short_integer(folder / f"shunt{number}_resistor")
    return _SHUNT_STEP_UV / shunt_uohm * 1000 if shunt_uohm else None


def _take(voltage: KeptFile, current: KeptFile) -> Sequence[Value]:
    volts, amperes = _value(voltage), _value(current)
    return volts, amperes, _product(volts, amperes)


def _product(volts: int | Missing, amperes: int | Missing) -> int | Missing:
    if isinstance(volts, Missing):
        return volts
    return amperes if isinstance(amperes, Missing) else volts * amperes


def _value(file: KeptFile) -> int | Missing:
    data = file.read()
    return data if isinstance(data, Missing) else integer(data)


def _channels(
    name: str, voltage: Path, current: Path, step_ma: float | None
) -> tuple[Channel, Channel, Channel]:
    return (
        Channel(
            f"{name}.voltage",
            Unit.MILLIVOLT,
            Kind.INSTANT,
            Quantity.VOLTAGE,
            str(voltage),
            resolution=_BUS_STEP_MV,
            note=_NOTE,
        ),
        Channel(
            f"{name}.current",
            Unit.MILLIAMPERE,
            Kind.INSTANT,
            Quantity.CURRENT,
            str(current),
            resolution=step_ma,
            note=_NOTE,
        ),
        Channel(
            f"{name}.power",
            Unit.MICROWATT,
            Kind.INSTANT,
            Quantity.POWER,
            f"{voltage} x {current.name}",
            tier="B",
            note=f"{_NOTE}; its step is the current's step times the voltage",
        ),
    )
