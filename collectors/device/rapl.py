"""Energy counters of the processor (RAPL), from powercap, in uJ.

Source: kernel, Documentation/power/powercap/powercap.rst. Power supply loss, fans, disks, display,
board regulators and separate GPUs are not in them.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from collectors.device.part import Wanted, not_present, open_wanted, present, value_part
from collectors.device.text import integer, short_integer, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Quantity, Unit

KIND = "rapl"
_ZONE = re.compile(r"([a-z-]{1,40}):([0-9]{1,6})(?::([0-9]{1,6}))?\Z")
# Intel SDM vol. 3, RAPL: energy unit 1/2^ESU J; ESU 0x0E is 61 uJ, the coarsest in use; DRAM of
# server parts counts in 15.3 uJ whatever the unit register says.
_RESOLUTION_UJ, _DRAM_RESOLUTION_UJ = 61.0, 15.3
_NOTE = (
    "about 1 ms between updates at an unseen phase, so a difference over T is good to 1 ms / T; "
    "steps of at most the resolution (Intel SDM vol. 3); a second wrap between reads is not seen"
)
FIX = (
    "let a group read it (Linux 5.10 and later give it to root only): udev rule "
    'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chgrp power %S%p/energy_uj", '
    'RUN+="/bin/chmod g+r %S%p/energy_uj"'
)
_NONE = "none in a virtual machine; in a container, mount /sys/class/powercap from the host"


def open_rapl(scope: Scope) -> Opened:
    """The energy counter of every zone: packages, and the parts within them."""
    folder = scope.sys / "class/powercap"
    zones = _zones(folder)
    if not zones:
        return not_present(KIND, folder, "no powercap zone with an energy counter", _NONE)
    names = unique(_name(zone) for zone in zones)
    wanted = [_counter(zone, name) for zone, name in zip(zones, names, strict=True)]
    return open_wanted(KIND, wanted, scope, FIX)


def _zones(folder: Path) -> list[Path]:
    """Zones with an energy counter, each after the one that it is a part of."""
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    found = [(_ZONE.match(e.name), e) for e in entries if present(e / "energy_uj")]
    ranked = [((m[1], int(m[2]), int(m[3] or -1)), e) for m, e in found if m]
    return [entry for _, entry in sorted(ranked)]


def _name(zone: Path) -> str:
    """Control type, zone and the part of it: `rapl.package-0.core`."""
    control, _, number = zone.name.partition(":")
    words = [_zone_word(zone)]
    if ":" in number:
        words.insert(0, _zone_word(zone.with_name(zone.name.rpartition(":")[0])))
    return ".".join([slug(control.removeprefix("intel-")), *words])


def _zone_word(zone: Path) -> str:
    return slug(short_text(zone / "name") or zone.name)


def _counter(zone: Path, name: str) -> Wanted:
    path = zone / "energy_uj"
    channel = Channel(
        f"{name}.energy",
        Unit.MICROJOULE,
        Kind.COUNTER,
        Quantity.ENERGY,
        str(path),
        resolution=_DRAM_RESOLUTION_UJ if name.endswith("dram") else _RESOLUTION_UJ,
        wraps_at=short_integer(zone / "max_energy_range_uj"),
        tier="B",
        note=_NOTE,
    )
    return Wanted(path, partial(value_part, path, channel, integer))
