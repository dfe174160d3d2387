"""Time that each core spent in each idle state, in us since boot.

Source: kernel, Documentation/admin-guide/pm/cpuidle.rst.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, value_part
from collectors.device.text import integer, numbered, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Quantity, Unit

KIND = "cpuidle"
COUNTER_HZ = 1.0
_FIX = "none: load a cpuidle driver, which virtual machines rarely have"


def open_idle(scope: Scope) -> Opened:
    """A counter for each idle state of each core."""
    folder = scope.sys / "devices/system/cpu"
    wanted = [
        _state(state, f"core{cpu.name[3:]}.{name}")
        for cpu in numbered(folder, "cpu")
        for state, name in _states(cpu)
    ]
    if not wanted:
        return not_present(KIND, folder, "no cpuidle states", _FIX)
    return open_wanted(KIND, wanted, scope, _FIX, COUNTER_HZ)


def _states(cpu: Path) -> list[tuple[Path, str]]:
    states = numbered(cpu / "cpuidle", "state")
    names = unique(slug(short_text(state / "name") or state.name) for state in states)
    return list(zip(states, names, strict=True))


def _state(state: Path, name: str) -> Wanted:
    path = state / "time"
    channel = Channel(
        f"cpuidle.{name}.time",
        Unit.MICROSECOND,
        Kind.COUNTER,
        Quantity.IDLE,
        str(path),
        note="cpuidle.rst: what the kernel asked for; the hardware may have gone less deep; a "
        "stay is added when it ends",
    )
    return Wanted(path, partial(value_part, path, channel, integer))
