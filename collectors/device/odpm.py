"""Rail energies of Pixel phones (On Device Power Monitor), from IIO, in uWs.

Source: kernel of the gs201, drivers/iio/power/odpm.c. `energy_value` is one read for all rails of
one PMIC: `t=` is the moment of the values in ms of CLOCK_BOOTTIME, `CHn(T=ms)[RAIL], uWs` follows
for each channel, T= being how long that channel has counted. A rail that is swapped, or a counter
that is reset, starts again at 0 with a new T=.
"""

from __future__ import annotations

import re
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
)
from collectors.device.text import numbered, printable, short_text, slug, unique
from collectors.protocol import Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "odpm"
# The driver keeps values for 50 ms, newer ones for 20 ms (odpm.c, ODPM_MIN_INTERVAL_ACCUMULATE).
ODPM_HZ = 50.0
# scnprintf(buf, PAGE_SIZE): a page at most, and a name of a rail is no longer than 40 bytes there.
_LIMIT_BYTES = 4096
_MOST_CHANNELS = 64
_TIME = re.compile(rb"t=([0-9]{1,18})\Z")
_CHANNEL = re.compile(
    rb"CH([0-9]{1,3})\(T=([0-9]{1,18})\)\[([^\]\x00-\x1f]{1,64})\], ([0-9]{1,19})\Z"
)
_RAIL = re.compile(r"([^()\s]{1,64})\(([^()\s]{1,64})\):(.{1,64})")
# One register refresh takes 1 to 2 ms (odpm.c), and the stamp is cut to whole ms.
_STAMP_MS = 1.0
# Both come from one clock and are cut to ms each.
_SAME_START_MS = 2
_FIX = (
    "Pixel 6 and later only; reading it needs root (adb root), without it the power stats service "
    "gives the same rails"
)
_NOTE = (
    "odpm.c: new every 20 to 50 ms, 7.8 Hz to 1 kHz inside; the first 15 s after boot are not "
    "counted"
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A channel as one read shows it. start_ms: since when it has counted, ms since boot."""

    rail: bytes
    start_ms: int
    energy_uws: int


def open_odpm(scope: Scope) -> Opened:
    """The own time and the rails of every PMIC that measures."""
    folder = scope.sys / "bus/iio/devices"
    devices = [d for d in numbered(folder, "iio:device") if present(d / "energy_value")]
    if not devices:
        return not_present(KIND, folder, "no device with energy_value", _FIX)
    names = unique(slug(short_text(d / "name") or d.name) for d in devices)
    taken: set[str] = set()
    wanted = [
        Wanted(device / "energy_value", partial(_part, device, name, scope, taken))
        for name, device in zip(names, devices, strict=True)
    ]
    return open_wanted(KIND, wanted, scope, _FIX, ODPM_HZ)


def _part(device: Path, name: str, scope: Scope, taken: set[str]) -> Part:
    """Raises OSError when it cannot be read now, or says nothing of a known form."""
    file = KeptFile.open(device / "energy_value", _LIMIT_BYTES)
    data = file.read()
    now = {} if isinstance(data, Missing) else lines_of(data)[1]
    if not now:
        file.close()
        reason = data.reason if isinstance(data, Missing) else f"says {printable(data)}"
        raise OSError(5, f"no rail: {reason}")  # EIO
    clocked = scope.clock.domain.startswith("boottime@")
    stamp = Channel(
        f"odpm.{name}.stamp",
        Unit.MILLISECOND,
        Kind.COUNTER,
        Quantity.TIME,
        f"{file.path} t=",
        resolution=_STAMP_MS,
        note="odpm.c: when the values were accumulated, ms of CLOCK_BOOTTIME",
    )
    rails = _subsystems(device)
    channels = [
        _channel(
            f"{file.path} CH{number}",
            _name(rail := line.rail.decode("ascii", errors="replace"), taken),
            rails.get(rail),
            stamp.name if clocked else "",
        )
        for number, line in sorted(now.items())
    ]
    start = {number: (line.rail, line.start_ms) for number, line in now.items()}
    return file_part(file, (stamp, *channels), partial(values_of, start))


def _subsystems(device: Path) -> dict[str, str]:
    """Name in the schematic -> subsystem, of `NAME(SCHEMATIC):SUBSYSTEM` in available_rails."""
    try:
        file = KeptFile.open(device / "available_rails", _LIMIT_BYTES)
    except OSError:
        return {}
    data = file.read()
    file.close()
    text = "" if isinstance(data, Missing) else data.decode("ascii", errors="replace")
    return {found[2]: found[3] for found in map(_RAIL.fullmatch, text.splitlines()) if found}


def _name(rail: str, taken: set[str]) -> str:
    """A word for the rail that no rail of any PMIC has yet."""
    name = slug(rail)
    while name in taken:
        name += "-2"
    taken.add(name)
    return name


def _channel(source: str, name: str, where: str | None, stamp: str) -> Channel:
    return Channel(
        f"odpm.{name}.energy",
        Unit.MICROJOULE,
        Kind.COUNTER,
        Quantity.ENERGY,
        source,
        resolution=1.0,
        tier="B",
        note=_NOTE if where is None else f"{slug(where)}; {_NOTE}",
        stamped_by=stamp,
    )


def lines_of(data: bytes) -> tuple[int | None, dict[int, _Line]]:
    """The moment in ms, and each channel that the text shows, by its number. Never raises."""
    first, *rest = data.splitlines() or [b""]
    time = _TIME.match(first)
    if time is None:
        return None, {}
    t_ms = int(time[1])
    found = [_CHANNEL.match(line) for line in rest[:_MOST_CHANNELS]]
    return t_ms, {int(m[1]): _Line(m[3], t_ms - int(m[2]), int(m[4])) for m in found if m}


def values_of(start: dict[int, tuple[bytes, int]], data: bytes) -> Sequence[Value]:
    """The moment, then the energy of each channel that was there at opening, by number.

    start: of each channel its rail and since when it counts. One that counts another rail, or
    since another moment, is missing from then on: its counter began again.
    """
    t_ms, now = lines_of(data)
    if t_ms is None:
        return (Missing(f"not-a-number: {printable(data)}"),) * (1 + len(start))
    return (t_ms, *(_value(start[number], now.get(number)) for number in sorted(start)))


def _value(start: tuple[bytes, int], line: _Line | None) -> Value:
    if line is None:
        return Missing("no-such-field: the channel is not shown")
    rail, start_ms = start
    if line.rail != rail:
        return Missing(f"rail-swapped: it counts {printable(line.rail)} now")
    if abs(line.start_ms - start_ms) > _SAME_START_MS:
        return Missing("counter-reset: it has counted since another moment than at the start")
    return line.energy_uws
