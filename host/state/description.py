"""What a profile says of a device, as far as its state is concerned."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

System = Literal["android", "linux"]
Link = Literal["local", "usb", "network", "serial"]
SYS, PROC = PurePosixPath("/sys"), PurePosixPath("/proc")


@dataclass(frozen=True, slots=True)
class Description:
    """The device, and how we reach it.

    store: the folder there that is ours. link: `network` is what airplane mode cuts: Wi-Fi adb,
    SSH. root: what stands before a command that needs root, () when the way there is root
    already, None when there is no root. sys, proc: roots of sysfs and procfs.
    """

    system: System
    store: PurePosixPath
    link: Link
    root: tuple[str, ...] | None = None
    sys: PurePosixPath = SYS
    proc: PurePosixPath = PROC


def link_of(device: str) -> Link:
    """The link behind a device's name: `local`, `adb:SERIAL`, `ssh:HOST`, `serial:PORT`.

    An adb serial with a port, or one of adb's own mDNS names (`adb-…._adb-tls-connect._tcp`), is
    reached over the network. An unknown kind counts as network: nothing is then cut by us.
    """
    kind, _, name = device.partition(":")
    if kind == "local":
        return "local"
    if kind == "serial":
        return "serial"
    if kind.startswith("adb") and not re.search(r":\d+$|\._tcp\.?$|\._adb", name):
        return "usb"
    return "network"
