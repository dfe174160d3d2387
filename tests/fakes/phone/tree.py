"""A phone as folders: mksh and toybox as its shell and commands, Android services as scripts.

`lay` makes a root that a real adbd, or a plain chroot, runs in; `commands` makes only the folder
for a PATH, for a shell on this machine. State is one file per value, so that a test reads and
writes it from outside. Output has Android's own form (AOSP's sources, named in each script).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TEMPORARY = "data/local/tmp"

# A phone as it lies on the bench: on a USB cable, charging, awake, in nobody's hand.
STATE: Mapping[str, str] = {
    "battery/ac": "0",
    "battery/usb": "1",
    "battery/wireless": "0",
    "battery/dock": "0",
    "battery/max_charging_current": "500000",
    "battery/max_charging_voltage": "5000000",
    "battery/charge_counter": "3400000",
    "battery/status": "2",
    "battery/health": "2",
    "battery/level": "85",
    "battery/voltage": "4211",
    "battery/temperature": "283",
    "thermal/status": "0",
    "thermal/hal_ready": "true",
    "thermal/cached": "Temperature{mValue=37.0, mType=3, mName=skin, mStatus=0}",
    "thermal/temperatures": "\n".join(
        (
            "Temperature{mValue=41.5, mType=0, mName=CPU0, mStatus=0}",
            "Temperature{mValue=40.25, mType=1, mName=GPU, mStatus=0}",
            "Temperature{mValue=28.3, mType=2, mName=battery, mStatus=0}",
            "Temperature{mValue=31.7, mType=3, mName=skin, mStatus=0}",
        )
    ),
    "thermal/cooling": "CoolingDevice{mValue=0, mType=2, mName=thermal-cpufreq-0}",
    "thermal/thresholds": (
        "TemperatureThreshold{mType=3, mName=skin, mHotThrottlingThresholds="
        "[NaN, 39.0, 41.0, 43.0, 45.0, 47.0, 55.0], mColdThrottlingThresholds="
        "[NaN, NaN, NaN, NaN, NaN, NaN, NaN], mVrThrottlingThreshold=NaN}"
    ),
    "deviceidle/deep": "1",
    "deviceidle/light": "1",
    "batterystats": "7",
    "wakefulness": "Awake",
    "fixed_performance": "false",
    "settings/global/airplane_mode_on": "0",
    "settings/global/stay_on_while_plugged_in": "0",
    "settings/global/wifi_on": "1",
    "settings/system/screen_brightness": "102",
    "settings/system/screen_brightness_mode": "1",
    "settings/system/screen_off_timeout": "60000",
    "properties": "\n".join(
        (
            "ro.product.manufacturer=Inferometer",
            "ro.product.model=Double 1",
            "ro.product.device=double",
            "ro.serialno=DOUBLE0001",
            "ro.build.version.release=14",
            "ro.build.version.sdk=34",
            "ro.build.fingerprint=inferometer/double/double:14/TEST/1:userdebug/test-keys",
            "ro.soc.manufacturer=None",
            "ro.soc.model=None",
            "ro.hardware=double",
            "ro.product.cpu.abi=x86_64",
            "sys.boot_completed=1",
        )
    ),
}


def why_not() -> str | None:
    """Why no phone can be made here; None when it can."""
    for program in ("mksh", "toybox", "busybox"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    return None


@dataclass(frozen=True, slots=True)
class State:
    """The phone's values, one file each, under `data/phone`."""

    folder: Path

    def get(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8").removesuffix("\n")

    def set(self, name: str, value: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value + "\n", encoding="utf-8")


def fill(folder: Path) -> State:
    """Write the first state into an empty folder."""
    state = State(folder)
    for name, value in STATE.items():
        state.set(name, value)
    return state


def commands(folder: Path) -> None:
    """mksh as sh, every toybox applet, and Android's commands, in one folder."""
    folder.mkdir(parents=True)
    for program in ("mksh", "toybox"):
        shutil.copy2(str(shutil.which(program)), folder / program)
    (folder / "sh").symlink_to("mksh")
    # Not the copy: a child that another thread forks may still hold it open for writing.
    said = subprocess.run(
        [str(shutil.which("toybox"))], capture_output=True, check=True, text=True
    )
    for applet in said.stdout.split():
        if not (folder / applet).exists():
            (folder / applet).symlink_to("toybox")
    # Android's toybox has dd; Debian's build leaves it out, and busybox's does the same.
    shutil.copy2(str(shutil.which("busybox")), folder / "dd")
    for script in (HERE / "commands").iterdir():
        (folder / script.name).unlink(missing_ok=True)
        shutil.copy2(script, folder / script.name)


def lay(root: Path) -> State:
    """Make a phone's root in an empty folder; its mount points are empty."""
    commands(root / "system" / "bin")
    shutil.copytree(HERE / "services", root / "system" / "services")
    for name in ("apex/adbd", "dev", "etc", "proc", "sys", "usr/lib", "usr/lib64", TEMPORARY):
        (root / name).mkdir(parents=True)
    for link, goal in (("bin", "system/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        (root / link).symlink_to(goal)
    users = "root:x:0:0:root:/:/system/bin/sh\nshell:x:2000:2000:shell:/:/system/bin/sh\n"
    (root / "etc" / "passwd").write_text(users, encoding="utf-8")
    (root / "etc" / "group").write_text("root:x:0:\nshell:x:2000:\n", encoding="utf-8")
    shutil.copy2(HERE / "init.sh", root / "init")
    return fill(root / "data" / "phone")
