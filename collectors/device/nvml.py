"""NVIDIA GPUs through NVML (package nvidia-ml-py, imported as `pynvml`).

Source of units and traps: NVML API reference, device queries and field value enums. What a board
does not support is found out once, when it is opened, and is then not a channel.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from types import ModuleType

from collectors.device.nvml_calls import CALLS, Call, Field
from collectors.device.part import Part, Polled
from collectors.protocol import Absent, Clock, Opened, Scope
from collectors.reading import Channel, Missing, Value

KIND = "nvml"
# Boards bring power and energy up to date every 10 to 100 ms (arXiv 2312.02741); more is cost.
NVML_HZ = 20.0
# When it is opened, power and energy are polled this often and this long at most, for so many
# changes: boards that change every 100 ms show four of them in half a second.
POLL_S, WATCH_S, CHANGES = 0.002, 0.5, 4
_PACKAGE_FIX = "pip install inferometer[nvidia]"
_DRIVER_FIX = "install the NVIDIA driver, or pass the GPU into the container"
_BOARD_FIX = "none: this board or driver does not give it"


def load_pynvml() -> ModuleType:
    """Raises ImportError where the package is not installed."""
    return importlib.import_module("pynvml")


def open_nvml(
    scope: Scope,
    load: Callable[[], ModuleType] = load_pynvml,
    sleep: Callable[[float], None] = time.sleep,
) -> Opened:
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
    parts = watched([one for one in tried if isinstance(one, Part)], scope.clock, sleep)
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
        averaging_s=field.averaging_s,
    )


def watched(parts: Sequence[Part], clock: Clock, sleep: Callable[[float], None]) -> list[Part]:
    """The same parts, power and energy with how long a value stays (`Channel.refresh_s`).

    All are polled together until each has changed often enough, and no longer than WATCH_S.
    """
    evidence = [part for part in parts if part.channels[0].tier]
    changes: list[list[int]] = [[] for _ in evidence]
    before = [part.grab() for part in evidence]
    for _ in range(round(WATCH_S / POLL_S)):
        if all(len(one) >= CHANGES for one in changes):
            break
        sleep(POLL_S)
        for number, part in enumerate(evidence):
            now = part.grab()
            if now != before[number] and not isinstance(part.values_of(now)[0], Missing):
                changes[number].append(clock.now_ns())
                before[number] = now
    found = {id(part): _stay_s(one) for part, one in zip(evidence, changes, strict=True)}
    return [_with_refresh(part, found.get(id(part))) for part in parts]


def _stay_s(changes_ns: Sequence[int]) -> float | None:
    """The median time between changes, in s; None where too few were seen to tell."""
    if len(changes_ns) < CHANGES:
        return None
    return statistics.median(b - a for a, b in pairwise(changes_ns)) * 1e-9


def _with_refresh(part: Part, refresh_s: float | None) -> Part:
    if refresh_s is None:
        return part
    return replace(part, channels=tuple(replace(c, refresh_s=refresh_s) for c in part.channels))
