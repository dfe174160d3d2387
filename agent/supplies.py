"""The battery as the kernel's power_supply class states it, and what feeds the device.

Source: Linux kernel, Documentation/ABI/testing/sysfs-class-power (percent, 0.1 degC). Agent and
host read it by these rules. Supplies: name to attributes, each a text as its file has it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Supplies = Mapping[str, Mapping[str, str]]

# -60..150 degC: nothing that is alive lies outside; sorts out sentinels and noise.
COLDEST_DECI_C, HOTTEST_DECI_C = -600, 1500
STATUS_OF_WORD = {
    "unknown": "unknown",
    "charging": "charging",
    "discharging": "discharging",
    "not charging": "not_charging",
    "full": "full",
}
# `online`: 0 not, 1 fixed, 2 programmable.
MOST_ONLINE = 2


def own(supplies: Supplies) -> Supplies:
    """Those of this device; scope `Device` is another one's, as a mouse's."""
    return {name: s for name, s in supplies.items() if s.get("scope") != "Device"}


def battery_name(supplies: Supplies) -> str | None:
    """The battery of this device: the first by name."""
    ours = own(supplies)
    return next((name for name in sorted(ours) if ours[name].get("type") == "Battery"), None)


def feeder_names(supplies: Supplies) -> list[str]:
    """Supplies that can feed this device: mains, USB, wireless."""
    ours = own(supplies)
    return [name for name in sorted(ours) if ours[name].get("type") not in ("Battery", "UPS")]


def is_fed(status: str | None, plugged: Sequence[str] | None) -> bool | None:
    """Whether energy comes from outside: it charges, is full on a plug, or is plugged in.

    None for what is not known, in and out. `discharging` on a plug counts as fed: the plug still
    carries part of the load.
    """
    if plugged or status == "charging":
        return True
    if plugged is None:
        return False if status == "discharging" else None
    return False


def whole(texts: Mapping[str, str], key: str, low: int, high: int) -> int | str:
    """A whole number from low to high, or why there is none."""
    text = texts.get(key)
    if text is None:
        return f"not-stated: {key}"
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return f"not-understood: {key}"
    value = int(text)
    return value if low <= value <= high else f"out-of-range: {key}"
