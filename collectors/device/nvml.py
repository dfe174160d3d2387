"""NVIDIA GPUs through NVML (package nvidia-ml-py, imported as `pynvml`).

Source of units and traps: NVML API reference, device queries and field value enums. What a board
does not support is found out once, when it is opened, and is then not a channel.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

from collectors.device.nvml_calls import CALLS, Call, Field
from collectors.device.part import Missing, Part, Polled, Value
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel

KIND = "nvml"
# Boards bring power and energy up to date every 10 to 100 ms (arXiv 2312.02741); more is cost.
NVML_HZ = 20.0
_PACKAGE_FIX = "pip install inferometer[nvidia]"
_DRIVER_FIX = "install the NVIDIA driver, or pass the GPU into the container"
_BOARD_FIX = "none: this board or driver does not give it"


def load_pynvml() -> ModuleType:
    """Raises ImportError where the package is not installed."""
    return importlib.import_module("pynvml")


def open_nvml(scope: Scope, load: Callable[[], ModuleType] = load_pynvml) -> Opened:
    """Every supported channel of every GPU. load: gives the pynvml module."""
    try:
        nvml = load()
    except ImportError as err:
        return _absent("pynvml", f"not-installed: {type(err).__name__}", _PACKAGE_FIX)
    try:
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    except nvml.NVMLError as err:
        return _absent("nvmlInit", f"no-driver: {err}", _DRIVER_FIX)
    tried = [
        _try(nvml, handle, number, call) for number, handle in enumerate(handles) for call in CALLS
    ]
    parts = [one for one in tried if isinstance(one, Part)]
    absent = tuple(one for one in tried if isinstance(one, Absent))
    session = _Session(nvml)
    if not parts:
        session.close()
        return Opened(None, absent or _absent("nvml", "not-present: no GPU", _DRIVER_FIX).absent)
    return Opened(Polled([*parts, Part((), tuple, session.close)], scope.clock, NVML_HZ), absent)


class _Session:
    """The one initialisation that all parts share."""

    __slots__ = ("_nvml",)

    def __init__(self, nvml: ModuleType) -> None:
        self._nvml: ModuleType | None = nvml

    def close(self) -> None:
        if self._nvml is not None:
            nvml, self._nvml = self._nvml, None
            try:
                nvml.nvmlShutdown()
            except nvml.NVMLError:
                return  # the driver is gone already; nothing is held


def _absent(source: str, reason: str, fix: str) -> Opened:
    return Opened(None, (Absent(KIND, source, reason, fix),))


def _try(nvml: ModuleType, handle: object, number: int, call: Call) -> Part | Absent:
    """A part when the board answers the call now."""
    values = _take(nvml, handle, call)
    lost = next((value for value in values if isinstance(value, Missing)), None)
    if lost is not None:
        return Absent(KIND, f"gpu{number} {call.source}", lost.reason, _BOARD_FIX)
    channels = tuple(_channel(number, call, field) for field in call.fields)
    return Part(channels, partial(_take, nvml, handle, call), _nothing)


def _nothing() -> None:
    """A call holds nothing of its own."""


def _take(nvml: ModuleType, handle: object, call: Call) -> Sequence[Value]:
    """AttributeError: a package older than the call."""
    try:
        return call.query(nvml, handle)
    except nvml.NVMLError as err:
        reason = f"not-answered: {err}"
    except AttributeError as err:
        reason = f"not-supported: {err}"
    return (Missing(" ".join(reason.split())),) * len(call.fields)


def _channel(number: int, call: Call, field: Field) -> Channel:
    return Channel(
        f"nvml.gpu{number}.{field.word}",
        field.unit,
        field.kind,
        field.quantity,
        call.source,
        resolution=field.resolution,
        tier=field.tier,
        note=field.note,
    )
