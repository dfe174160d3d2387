"""Whether the device throttled between two snapshots, and whether that can be told at all.

Beside what the kernel's files show (`agent/throttle.py`): Android's thermal status and cooling
devices (sources notes 1.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent import throttle as rules
from host.state.missing import Missing
from host.state.processor import Policy
from host.state.snapshot import DeviceState
from host.state.thermal import STATUS_NAMES, Cooling


def throttled(before: DeviceState, after: DeviceState) -> tuple[str, ...]:
    """What throttled between the two, one sentence each; empty when nothing did.

    Where nothing on the device could show it, that is said: `throttle-unknown`.
    """
    if before.boot_id != after.boot_id and isinstance(after.boot_id, str):
        return (f"throttle-unknown: the device started anew (boot {after.boot_id})",)
    evidence = [
        *_status(before.thermal.status, after.thermal.status),
        *rules.cooled(_cooling(before.thermal.cooling), _cooling(after.thermal.cooling)),
        *rules.cooled(
            _cooling(before.kernel_thermal.cooling), _cooling(after.kernel_thermal.cooling)
        ),
        *rules.limited(_limits(before.policies), _limits(after.policies)),
        *rules.counted(_known(before.load.throttle_events), _known(after.load.throttle_events)),
    ]
    return rules.sentences(evidence)


def _status(before: int | Missing, after: int | Missing) -> Iterator[str]:
    """A status above none at the end, or higher than before; "" when it shows none."""
    if isinstance(before, Missing) or isinstance(after, Missing):
        return
    rose = after > before or after > 0
    yield f"thermal status {STATUS_NAMES[before]} -> {STATUS_NAMES[after]}" if rose else ""


def _cooling(found: Sequence[Cooling] | Missing) -> rules.Cooling:
    if isinstance(found, Missing):
        return {}
    return {device.name: (_known(device.state), _known(device.transitions)) for device in found}


def _limits(found: Sequence[Policy] | Missing) -> dict[str, int]:
    if isinstance(found, Missing):
        return {}
    return {p.name: p.max_khz for p in found if not isinstance(p.max_khz, Missing)}


def _known(value: int | Missing) -> int | None:
    return None if isinstance(value, Missing) else value
