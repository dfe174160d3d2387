"""Whether the device throttled between two snapshots, and whether that can be told at all.

Source: sources notes 1.6: cooling devices and their counts of changes, frequency limits, thermal
status, x86 counts of throttle events. Counts also show a throttle that came and went.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from host.state.missing import Missing
from host.state.processor import Policy
from host.state.snapshot import DeviceState
from host.state.thermal import STATUS_NAMES, Cooling

# Cooling devices that slow nothing down. A backlight that is dimmed is noticed by its own control.
_HARMLESS = ("fan", "led", "backlight", "lcd")


def throttled(before: DeviceState, after: DeviceState) -> tuple[str, ...]:
    """What throttled between the two, one sentence each; empty when nothing did.

    Where nothing on the device could show it, that is said: `throttle-unknown`.
    """
    if before.boot_id != after.boot_id and isinstance(after.boot_id, str):
        return (f"throttle-unknown: the device started anew (boot {after.boot_id})",)
    evidence = [
        *_status(before.thermal.status, after.thermal.status),
        *_cooling(before.thermal.cooling, after.thermal.cooling),
        *_cooling(before.kernel_thermal.cooling, after.kernel_thermal.cooling),
        *_limits(before.policies, after.policies),
        *_events(before.load.throttle_events, after.load.throttle_events),
    ]
    if not evidence:
        return ("throttle-unknown: nothing on this device shows whether it throttled",)
    return tuple(f"throttle: {said}" for said in evidence if said)


def _status(before: int | Missing, after: int | Missing) -> Iterator[str]:
    """A status above none at the end, or higher than before; "" when it shows none."""
    if isinstance(before, Missing) or isinstance(after, Missing):
        return
    rose = after > before or after > 0
    yield f"thermal status {STATUS_NAMES[before]} -> {STATUS_NAMES[after]}" if rose else ""


def _cooling(
    before: Sequence[Cooling] | Missing, after: Sequence[Cooling] | Missing
) -> Iterator[str]:
    if isinstance(before, Missing) or isinstance(after, Missing):
        return
    first = {device.name: device for device in before}
    for device in after:
        known = first.get(device.name)
        if known is not None and not any(word in device.name.lower() for word in _HARMLESS):
            yield from _device(known, device)


def _device(before: Cooling, after: Cooling) -> Iterator[str]:
    """State above 0 at the end, or changes in between."""
    if not isinstance(after.state, Missing):
        raised = after.state > 0
        yield f"cooling device {after.name} at state {after.state}" if raised else ""
    if isinstance(before.transitions, int) and isinstance(after.transitions, int):
        more = after.transitions - before.transitions
        yield f"cooling device {after.name} changed {more} times" if more > 0 else ""


def _limits(
    before: Sequence[Policy] | Missing, after: Sequence[Policy] | Missing
) -> Iterator[str]:
    """Frequency limits that were lowered. One that was low all along is a setting."""
    if isinstance(before, Missing) or isinstance(after, Missing):
        return
    first: Mapping[str, int | Missing] = {p.name: p.max_khz for p in before}
    for policy in after:
        was, now = first.get(policy.name), policy.max_khz
        if isinstance(was, int) and isinstance(now, int):
            yield f"{policy.name} limited from {was} to {now} kHz" if now < was else ""


def _events(before: int | Missing, after: int | Missing) -> Iterator[str]:
    if isinstance(before, int) and isinstance(after, int):
        more = after - before
        yield f"{more} thermal throttle events of the cores" if more > 0 else ""
