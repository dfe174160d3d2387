"""Load and clock of GPUs from the nodes of their drivers: amdgpu, Adreno (kgsl), Mali.

amdgpu: kernel, Documentation/gpu/amdgpu/thermal.rst, gpu_busy_percent. Adreno: kgsl driver (msm
kernel, drivers/gpu/msm), `gpuclk` Hz and `gpubusy`, busy and total time of the last window. Mali:
`utilisation` of mali0 or `utilization` of Exynos kernels, per cent; devfreq `cur_freq` in Hz. On
stock phones all of these are for root only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from collectors.device.part import (
    KeptFile,
    Part,
    Wanted,
    file_part,
    not_present,
    open_wanted,
    present,
    value_part,
)
from collectors.device.text import integer, not_a_number, numbered, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "gpu"
GPU_HZ = 20.0
_FIX = (
    "none where the driver shows no load (i915, xe, nouveau); on a phone these nodes are for root "
    "only (adb root)"
)
_BUSY = "share of the driver's own window, of which no document states the length"
_MOST_PERCENT = 100


@dataclass(frozen=True, slots=True)
class _Node:
    """A file of a GPU: its place, the channel's last word, unit, quantity, kind, trap."""

    file: str
    word: str
    unit: Unit
    quantity: Quantity
    kind: Kind
    note: str


_FREQUENCY = (Unit.HERTZ, Quantity.FREQUENCY, Kind.INSTANT)
_LOAD = (Unit.PERCENT, Quantity.UTILISATION, Kind.AVERAGE)
_KGSL = (
    _Node("gpuclk", "frequency", *_FREQUENCY, "of the GPU now; 0 while it sleeps"),
    _Node("gpubusy", "busy", *_LOAD, f"100 x busy over total time; {_BUSY}; 0 0 while it sleeps"),
)
_MALI = (
    _Node("utilisation", "busy", *_LOAD, _BUSY),
    _Node("utilization", "busy", *_LOAD, _BUSY),
    _Node("device/utilisation", "busy", *_LOAD, _BUSY),
    _Node("device/utilization", "busy", *_LOAD, _BUSY),
)


def open_gpu(scope: Scope) -> Opened:
    """Load and clock of every GPU whose driver shows them."""
    found = [*_amdgpu(scope.sys), *_adreno(scope.sys), *_mali(scope.sys)]
    if not found:
        return not_present(KIND, scope.sys / "class", "no node with a GPU's load", _FIX)
    names = unique(f"{node.word} {gpu}" for gpu, _, node in found)
    wanted = [
        _wanted(".".join(("gpu", *reversed(name.split(" ")))), path, node)
        for name, (_, path, node) in zip(names, found, strict=True)
    ]
    return open_wanted(KIND, wanted, scope, _FIX, GPU_HZ)


def _amdgpu(sys: Path) -> list[tuple[str, Path, _Node]]:
    """Cards have stable numbers only by luck; there is seldom more than one."""
    node = _Node("device/gpu_busy_percent", "busy", *_LOAD, f"thermal.rst; {_BUSY}")
    return [
        ("amdgpu", card / node.file, node)
        for card in numbered(sys / "class/drm", "card")
        if present(card / node.file)
    ]


def _adreno(sys: Path) -> list[tuple[str, Path, _Node]]:
    folder = sys / "class/kgsl/kgsl-3d0"
    return [("adreno", folder / n.file, n) for n in _KGSL if present(folder / n.file)]


def _mali(sys: Path) -> list[tuple[str, Path, _Node]]:
    """The load of the misc device or of the platform device, and devfreq's clock."""
    clock = _Node("cur_freq", "frequency", *_FREQUENCY, "devfreq: of the GPU now")
    folder = sys / "class/misc/mali0"
    loads = [("mali", folder / n.file, n) for n in _MALI if present(folder / n.file)][:1]
    try:
        devices = sorted((sys / "class/devfreq").iterdir())
    except OSError:
        devices = []
    return [*loads, *(("mali", d / clock.file, clock) for d in devices if d.name.endswith("mali"))]


def _wanted(name: str, path: Path, node: _Node) -> Wanted:
    driver = short_text(path.parent / "gpu_model") or ""
    channel = Channel(
        name,
        node.unit,
        node.kind,
        node.quantity,
        str(path),
        note=f"{slug(driver)}: {node.note}" if driver else node.note,
    )
    if node.file == "gpubusy":
        return Wanted(path, partial(_busy_part, path, channel))
    parse = percent if node.unit is Unit.PERCENT else integer
    return Wanted(path, partial(value_part, path, channel, parse))


def _busy_part(path: Path, channel: Channel) -> Part:
    return file_part(KeptFile.open(path), (channel,), busy_share)


def percent(data: bytes) -> Value:
    """A share as whole per cent, with or without the sign behind it."""
    value = integer(data.strip().removesuffix(b"%"))
    if isinstance(value, int) and not 0 <= value <= _MOST_PERCENT:
        return Missing(f"out-of-range: {value} %")
    return value


def busy_share(data: bytes) -> Sequence[Value]:
    """`busy total` of the last window as per cent; a window of length 0 says nothing."""
    fields = data.split()
    if len(fields) != 2:  # noqa: PLR2004 - busy and total
        return (not_a_number(data),)
    busy, total = integer(fields[0]), integer(fields[1])
    if isinstance(busy, Missing):
        return (busy,)
    if isinstance(total, Missing):
        return (total,)
    if not 0 <= busy <= total or total == 0:
        return (Missing(f"no-window: {busy} of {total}"),)
    return (busy / total * 100,)
