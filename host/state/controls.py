"""The controls that are built in. A profile may add its own, or say one of these otherwise.

None of these has been tried on a real device; all were tried against scripts that keep state.
"""

from __future__ import annotations

from dataclasses import replace

from host.state.control import Control
from host.state.description import Description
from host.state.missing import Missing
from host.state.snapshot import DeviceState

# Writes a word into a node and lets the shell report a failure; `echo` adds the line end.
_WRITE = ("sh", "-c", 'echo "$1" >"$2"', "sh")
_SERVICES = "Android services; sources notes 1.8; untried"
_ACC = "list of the ACC project, as in sources notes 1.8; untried"
_CHARGING = ("battery_charging_enabled", "input_suspend", "charge_disable", "batt_slate_mode")


def _setting(name: str, space: str, key: str) -> Control:
    """A setting of Android's provider: kept on disk, so it outlives a reboot."""
    return Control(
        id=name,
        read=("settings", "get", space, key),
        set=("settings", "put", space, key, "{value}"),
        unset=("settings", "delete", space, key),
        persists=True,
        source=_SERVICES,
    )


def node(name: str, path: str, source: str, *, needs_root: bool = True) -> Control:
    """A file of sysfs; the kernel forgets it at a reboot."""
    return Control(
        id=name,
        read=("cat", path),
        set=(*_WRITE, "{value}", path),
        persists=False,
        needs_root=needs_root,
        source=source,
    )


ANDROID: tuple[Control, ...] = (
    _setting("brightness", "system", "screen_brightness"),
    _setting("brightness_mode", "system", "screen_brightness_mode"),
    # What `svc power stayon` writes: the sum of AC 1, USB 2, wireless 4, dock 8.
    _setting("stay_on", "global", "stay_on_while_plugged_in"),
    Control(
        id="airplane",
        read=("cmd", "connectivity", "airplane-mode"),
        set=("cmd", "connectivity", "airplane-mode", "{value}"),
        words={"enabled": "enable", "disabled": "disable"},
        cuts=("enabled",),
        persists=True,
        source=_SERVICES,
    ),
    Control(
        id="screen",
        read=("dumpsys", "power"),
        pattern=r"mWakefulness=(\w+)",
        set=("input", "keyevent", "{value}"),
        words={"Awake": "224", "Asleep": "223", "Dozing": "223", "Dreaming": "223"},
        persists=False,
        source=_SERVICES,
    ),
    Control(
        id="doze",
        read=("dumpsys", "deviceidle", "enabled", "all"),
        set=("dumpsys", "deviceidle", "{value}", "all"),
        words={"1": "enable", "0": "disable"},
        persists=False,
        source=_SERVICES,
    ),
    Control(
        # Where a build does not print the mode it cannot be read back, so it is refused there.
        id="fixed_performance",
        read=("dumpsys", "power"),
        pattern=r"mFixedPerformanceMode(?:Enabled)?=(true|false)",
        set=("cmd", "power", "set-fixed-performance-mode-enabled", "{value}"),
        words={"true": "true", "false": "false"},
        persists=False,
        source=_SERVICES,
    ),
)


def charging(description: Description) -> tuple[Control, ...]:
    """Nodes that stop charging on rooted phones; which one a phone has, reading them tells.

    The value that stops it: 0 for battery_charging_enabled, 1 for the others.
    """
    folder = f"{description.sys}/class/power_supply/battery"
    return tuple(
        replace(
            node(f"charging.{name}", f"{folder}/{name}", _ACC),
            words={"0": "0", "1": "1"},
        )
        for name in _CHARGING
    )


def governors(state: DeviceState, description: Description) -> tuple[Control, ...]:
    """One control per frequency policy that says its governor, for the governors it offers."""
    if isinstance(state.policies, Missing):
        return ()
    folder = f"{description.sys}/devices/system/cpu/cpufreq"
    return tuple(
        Control(
            id=f"governor.{policy.name}",
            read=("cat", f"{folder}/{policy.name}/scaling_governor"),
            set=(*_WRITE, "{value}", f"{folder}/{policy.name}/scaling_governor"),
            words={name: name for name in policy.governors}
            if isinstance(policy.governors, tuple)
            else {},
            persists=False,
            needs_root=True,
            source="Linux, Documentation/admin-guide/pm/cpufreq.rst",
        )
        for policy in state.policies
        if policy.name.startswith("policy")
        and policy.name[6:].isdigit()
        and not isinstance(policy.governor, Missing)
    )


def built_in(state: DeviceState, description: Description) -> dict[str, Control]:
    """All built-in controls of this device, by id."""
    found = [*governors(state, description)]
    if description.system == "android":
        found += [*ANDROID, *charging(description)]
    return {control.id: control for control in found}
