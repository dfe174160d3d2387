"""Energy and power of Apple Silicon: zeus-apple-silicon (imported on use) and macmon (a program).

Both read IOReport's group "Energy Model" without root; macmon also the SMC's PSTR, the whole
system. Apple calls these numbers estimates that do not compare across devices. zeus-apple-silicon
sums what IOReport gives, each by its own unit label, in mJ. On the newest chips the counters move
every 2.0 to 2.2 s only (lablup/all-smi#410). `powermetrics` needs root and gives no more. Untried
on a Mac.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any

from collectors.device.asked import Asked, Question, answer_of, program
from collectors.device.part import Part, Polled
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND, MACMON_KIND = "apple", "macmon"
APPLE_HZ, MACMON_HZ = 10.0, 0.5
_WINDOW_S = 0.5
_ARGV = ("macmon", "pipe", "-s", "1", "-i", str(round(_WINDOW_S * 1000)))
_PACKAGE_FIX = "pip install inferometer[apple], on a Mac with Apple Silicon"
_PROGRAM_FIX = "brew install macmon, on a Mac with Apple Silicon"
_CHIP_FIX = "none: this chip does not show it"
_NOTE = "IOReport, an estimate of Apple's; may move every 2 s only, so short phases do not resolve"
# Field of AppleEnergyMetrics -> word of the channel.
_METRICS = {
    "cpu_total_mj": "cpu",
    "gpu_mj": "gpu",
    "ane_mj": "ane",
    "dram_mj": "dram",
    "gpu_sram_mj": "gpu_sram",
}
# Key of macmon's JSON -> word of the channel and trap.
_POWERS = {
    "sys_power": ("system", "SMC PSTR, the whole machine"),
    "cpu_power": ("cpu", _NOTE),
    "gpu_power": ("gpu", _NOTE),
    "ane_power": ("ane", _NOTE),
    "ram_power": ("dram", _NOTE),
}


def load_zeus() -> ModuleType:
    """Raises ImportError where the package is not installed; it exists for macOS alone."""
    return importlib.import_module("zeus_apple_silicon")


def open_apple(scope: Scope, load: Callable[[], ModuleType] = load_zeus) -> Opened:
    """The energy since start of each part of the chip that has one. load: gives the module."""
    try:
        monitor = load().AppleEnergyMonitor()
        now = monitor.get_cumulative_energy()
    except ImportError as err:
        reason = f"not-installed: {type(err).__name__}"
        return Opened(None, (Absent(KIND, "zeus_apple_silicon", reason, _PACKAGE_FIX),))
    except (RuntimeError, AttributeError) as err:
        reason = f"not-answered: {_one_line(err)}"
        return Opened(None, (Absent(KIND, "AppleEnergyMonitor", reason, _CHIP_FIX),))
    there = tuple(key for key in _METRICS if isinstance(_metric(now, key), int))
    absent = tuple(
        Absent(KIND, f"AppleEnergyMonitor {key}", "not-supported: the chip has none", _CHIP_FIX)
        for key in _METRICS
        if key not in there
    )
    if not there:
        return Opened(None, absent)
    channels = tuple(
        Channel(
            f"apple.{_METRICS[key]}.energy",
            Unit.MILLIJOULE,
            Kind.COUNTER,
            Quantity.ENERGY,
            f"zeus_apple_silicon get_cumulative_energy {key}",
            resolution=1.0,
            tier="B",
            note=_NOTE,
        )
        for key in there
    )
    part = Part(channels, partial(_taken, monitor, there), _nothing)
    return Opened(Polled([part], scope.clock, APPLE_HZ), absent)


def _nothing() -> None:
    """A monitor holds nothing that it could give back."""


def _one_line(err: Exception) -> str:
    return " ".join(f"{type(err).__name__} {err}".split())[:160]


def _taken(monitor: Any, keys: Sequence[str]) -> Sequence[Value]:  # noqa: ANN401 - a C++ object
    try:
        now = monitor.get_cumulative_energy()
    except RuntimeError as err:
        return (Missing(f"not-answered: {_one_line(err)}"),) * len(keys)
    return [_metric(now, key) for key in keys]


def _metric(now: object, key: str) -> Value:
    value = getattr(now, key, None)
    if type(value) is int and value >= 0:
        return value
    return Missing(f"not-a-number: {key}")


def open_macmon(scope: Scope) -> Opened:
    """Mean power over half a second of the system and the parts of the chip."""
    asked = " ".join(_ARGV)
    path = program(scope, _ARGV[0])
    if path is None:
        return _absent(asked, "not-installed: no macmon", _PROGRAM_FIX)
    ask = partial(answer_of, (path, *_ARGV[1:]))
    answer = ask()
    if isinstance(answer, Missing):
        return _absent(asked, answer.reason, _PROGRAM_FIX)
    now = powers_of(answer)
    if not now:
        return _absent(asked, "not-present: no power in the answer", _CHIP_FIX)
    channels = tuple(
        Channel(
            f"macmon.{_POWERS[key][0]}.power",
            Unit.WATT,
            Kind.AVERAGE,
            Quantity.POWER,
            f"{asked}: {key}",
            tier="B",
            note=_POWERS[key][1],
            averaging_s=_WINDOW_S,
        )
        for key in now
    )
    return Opened(
        Asked(Question(ask, channels, partial(_powers, tuple(now))), scope.clock, MACMON_HZ)
    )


def _absent(source: str, reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(MACMON_KIND, source, reason, fix),))


def powers_of(data: bytes) -> Mapping[str, float]:
    """The powers in W of the first line of JSON. Never raises."""
    try:
        found = json.loads(data.split(b"\n", 1)[0])
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        key: float(found[key])
        for key in _POWERS
        if type(found.get(key)) in (int, float) and 0 <= found[key] < _MOST_W
    }


# No Mac has a larger supply (Mac Pro 2023: 1.28 kW).
_MOST_W = 2000.0


def _powers(keys: Sequence[str], data: bytes) -> Sequence[Value]:
    now = powers_of(data)
    return [now.get(key, Missing(f"no-such-field: {key}")) for key in keys]
