"""Energy and power of AMD GPUs through amdsmi (imported on use; it must match the driver).

Source: ROCm/amdsmi, py-interface README: amdsmi_get_energy_count gives an accumulator, its
resolution in uJ per count and a stamp in ns; not in virtual machines. Known: the accumulator
stands still inside one process (ROCm/amdsmi#22) or for good (#38, MI100), so one that does not
move while it is opened is refused. Without it the hwmon node of amdgpu gives the power. Untried
on a GPU.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from collectors.device.part import Part, Polled
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "amdsmi"
AMDSMI_HZ = 20.0
# A counter that moves does so within some ms; a frozen one is given this long.
MOVES_WITHIN_S = 0.5
_STEP_S = 0.01
# 15.3 uJ is usual; a count of 1 kJ would be none.
_MOST_UJ = 1e9
_PACKAGE_FIX = "install amdsmi of the ROCm release that the driver is from"
_DRIVER_FIX = "load amdgpu, and be in the groups video and render"
_BOARD_FIX = "none: this board or driver does not give it; hwmon_power has the GPU's power"
_MODULE_ERRORS = (ImportError, OSError, AttributeError, KeyError)  # it dies so without its library


def load_amdsmi() -> ModuleType:
    """Raises ImportError, OSError or KeyError where package or library is missing."""
    return importlib.import_module("amdsmi")


def open_amdsmi(
    scope: Scope,
    load: Callable[[], ModuleType] = load_amdsmi,
    sleep: Callable[[float], None] = time.sleep,
) -> Opened:
    """The energy counter of every GPU that has one that moves. load: gives the module."""
    try:
        smi = load()
    except _MODULE_ERRORS as err:
        return _absent("amdsmi", f"not-installed: {type(err).__name__}", _PACKAGE_FIX)
    try:
        smi.amdsmi_init()
        handles = list(smi.amdsmi_get_processor_handles())
    except smi.AmdSmiException as err:
        return _absent("amdsmi_init", f"no-driver: {_one_line(err)}", _DRIVER_FIX)
    tried = [_try(smi, handle, number, sleep) for number, handle in enumerate(handles)]
    parts = [one for one in tried if isinstance(one, Part)]
    absent = tuple(one for one in tried if isinstance(one, Absent))
    session = _Session(smi)
    if not parts:
        session.close()
        return Opened(None, absent or _absent("amdsmi", "not-present: no GPU", _DRIVER_FIX).absent)
    closing = Part((), tuple, session.close)
    return Opened(Polled([*parts, closing], scope.clock, AMDSMI_HZ), absent)


class _Session:
    """The one initialisation that all parts share."""

    __slots__ = ("_smi",)

    def __init__(self, smi: ModuleType) -> None:
        self._smi: ModuleType | None = smi

    def close(self) -> None:
        if self._smi is not None:
            smi, self._smi = self._smi, None
            try:
                smi.amdsmi_shut_down()
            except smi.AmdSmiException:
                return  # the driver is gone already; nothing is held


def _absent(source: str, reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(KIND, source, reason, fix),))


def _one_line(err: Exception) -> str:
    return " ".join(str(err).split())[:160]


def _try(
    smi: ModuleType, handle: object, number: int, sleep: Callable[[float], None]
) -> Part | Absent:
    source = f"gpu{number} amdsmi_get_energy_count"
    first = _counts(smi, handle)
    if isinstance(first, Missing):
        return Absent(KIND, source, first.reason, _BOARD_FIX)
    step_uj = _resolution_uj(smi, handle)
    if step_uj is None:
        return Absent(KIND, source, "not-supported: no resolution is stated", _BOARD_FIX)
    if not _moves(partial(_counts, smi, handle), first, sleep):
        return Absent(KIND, source, "frozen: the counter does not move", _BOARD_FIX)
    channel = Channel(
        f"amdsmi.gpu{number}.energy",
        Unit.MICROJOULE,
        Kind.COUNTER,
        Quantity.ENERGY,
        "amdsmi_get_energy_count energy_accumulator",
        resolution=step_uj,
        scale=step_uj,
        tier="B",
        note="counts x resolution; stands still on some boards and releases (ROCm/amdsmi#22, #38)",
    )
    return Part((channel,), lambda: (_counts(smi, handle),), _nothing)


def _nothing() -> None:
    """A call holds nothing of its own."""


def _moves(counts: Callable[[], Value], first: Value, sleep: Callable[[float], None]) -> bool:
    """Whether another value comes while it is watched."""
    for _ in range(round(MOVES_WITHIN_S / _STEP_S)):
        sleep(_STEP_S)
        if counts() != first:
            return True
    return False


def _answer(smi: ModuleType, handle: object) -> Mapping[str, Any] | Missing:
    try:
        found = smi.amdsmi_get_energy_count(handle)
    except smi.AmdSmiException as err:
        return Missing(f"not-answered: {_one_line(err)}")
    except AttributeError:
        return Missing("not-supported: amdsmi_get_energy_count")
    return found if isinstance(found, Mapping) else Missing("not-a-number: no fields")


def _counts(smi: ModuleType, handle: object) -> Value:
    """The accumulator; it was called `power` before release 6.4."""
    answer = _answer(smi, handle)
    if isinstance(answer, Missing):
        return answer
    value = answer.get("energy_accumulator", answer.get("power"))
    return value if type(value) is int and value >= 0 else Missing("not-a-number: accumulator")


def _resolution_uj(smi: ModuleType, handle: object) -> float | None:
    answer = _answer(smi, handle)
    value = None if isinstance(answer, Missing) else answer.get("counter_resolution")
    return float(value) if isinstance(value, (int, float)) and 0 < value < _MOST_UJ else None
