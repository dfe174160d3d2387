"""Whether a device was slowed down between two looks at the kernel's files.

Agent and host decide by these rules. Sources: Linux kernel, driver-api/thermal/sysfs-api.rst
(cooling devices: cur_state, stats/total_trans), admin-guide/pm/cpufreq.rst (scaling_max_freq in
kHz), x86 thermal_throttle/core_throttle_count. Counts also show a throttle that came and went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.facts.files import MAX_ENTRIES, Roots, maybe
from agent.supplies import whole

# Cooling devices that slow nothing down. A backlight that is dimmed is noticed by its own control.
_HARMLESS = ("fan", "led", "backlight", "lcd")
_MOST_STATE, _MOST_COUNT, _MOST_KHZ = 10**9, 10**15, 10**8
UNKNOWN = "throttle-unknown: nothing on this device shows whether it throttled"

# Name of a cooling device to its state and how often that changed; None where it does not say.
Cooling = Mapping[str, tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class Brakes:
    """What shows that a device is slowed down. limits_khz: by policy. events: of all cores."""

    cooling: Cooling
    limits_khz: Mapping[str, int]
    events: int | None


def brakes(roots: Roots | None = None) -> Brakes:
    """All that can be read here and now; what cannot be is left out."""
    where = roots or Roots()
    cooling, limits = {}, {}
    for name, folder in _folders(where, "class/thermal", "cooling_device*"):
        texts = _texts(folder, ("type", "cur_state", "stats/total_trans"))
        state = _count(texts, "cur_state", _MOST_STATE)
        changes = _count(texts, "stats/total_trans", _MOST_COUNT)
        cooling[f"{name}:{texts.get('type', '')[:80]}"] = (state, changes)
    for name, folder in _folders(where, "devices/system/cpu/cpufreq", "policy*"):
        limit = _count(_texts(folder, ("scaling_max_freq",)), "scaling_max_freq", _MOST_KHZ)
        if limit is not None:
            limits[name] = limit
    count = "thermal_throttle/core_throttle_count"
    cores = [folder for _, folder in _folders(where, "devices/system/cpu", "cpu[0-9]*")]
    events = [_count(_texts(core, (count,)), count, _MOST_COUNT) for core in cores]
    known = [one for one in events if one is not None]
    return Brakes(cooling, limits, sum(known) if known else None)


def throttled(before: Brakes, after: Brakes) -> tuple[str, ...]:
    """What throttled between the two, one sentence each, or UNKNOWN; empty when nothing did."""
    evidence = [
        *cooled(before.cooling, after.cooling),
        *limited(before.limits_khz, after.limits_khz),
        *counted(before.events, after.events),
    ]
    return sentences(evidence)


def sentences(evidence: list[str]) -> tuple[str, ...]:
    """Evidence as reasons of a void attempt; "" stands for a source that shows no throttling."""
    return tuple(f"throttle: {said}" for said in evidence if said) if evidence else (UNKNOWN,)


def cooled(before: Cooling, after: Cooling) -> Iterator[str]:
    """Cooling devices with a state above 0 at the end, or changes in between."""
    for name, (state, changes) in after.items():
        if name not in before or any(word in name.lower() for word in _HARMLESS):
            continue
        first = before[name][1]
        if state is not None:
            yield f"cooling device {name} at state {state}" if state > 0 else ""
        if first is not None and changes is not None:
            more = changes - first
            yield f"cooling device {name} changed {more} times" if more > 0 else ""


def limited(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    """Frequency limits that were lowered. One that was low all along is a setting."""
    for name, now in after.items():
        if name in before:
            was = before[name]
            yield f"{name} limited from {was} to {now} kHz" if now < was else ""


def counted(before: int | None, after: int | None) -> Iterator[str]:
    """Throttle events that the cores counted in between."""
    if before is not None and after is not None:
        more = after - before
        yield f"{more} thermal throttle events of the cores" if more > 0 else ""


def _folders(roots: Roots, place: str, pattern: str) -> Iterator[tuple[str, Path]]:
    found = sorted((roots.sys / place).glob(pattern))
    return ((folder.name, folder) for folder in found[:MAX_ENTRIES])


def _texts(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    return {name: text for name in names if (text := maybe(folder / name)) is not None}


def _count(texts: Mapping[str, str], key: str, most: int) -> int | None:
    found = whole(texts, key, 0, most)
    return None if isinstance(found, str) else found
