"""The roles that sources of readings and of time play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from collectors.reading import Channel, Gap, Reading, Value


class Clock(Protocol):
    """A monotonic counter of one boot of one device."""

    @property
    def domain(self) -> str:
        """Name of the counter and of the boot it belongs to, `monotonic_raw@<boot id>`."""
        ...

    def now_ns(self) -> int: ...


# What a source gave at one moment: a stamp before, one after (ns), and what its collector's
# `values` makes one value per channel of.
Grabbed = tuple[int, int, Sequence[object]]


class Collector(Protocol):
    """Says what it can measure, then gives the readings of one moment.

    `read` returns exactly one Reading or Gap per channel, in the order of `describe`, and
    never raises for a source that went away: that is a Gap. `grab` and later `values` are the
    same for the sampler, which wants to be away again soon. `close` may be called twice.

    beside: another process is asked, beside the loop. The stamps then are those of its answer,
    which may be older than the call, and `last` asks once more and waits, so that the end of
    what is measured has a reading after it; of other collectors it gives None.
    """

    @property
    def beside(self) -> bool: ...

    @property
    def max_hz(self) -> float | None:
        """The rate above which reading costs more than it tells; None: no limit. Honour it."""
        ...

    def describe(self) -> tuple[Channel, ...]: ...

    def read(self) -> tuple[Reading | Gap, ...]: ...

    def grab(self) -> Grabbed: ...

    def last(self) -> Grabbed | None: ...

    def values(self, raws: Sequence[object]) -> Sequence[Value]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Absent:
    """A source that is not usable here, why, and what would fix it (`doctor` prints both)."""

    kind: str
    source: str
    reason: str
    fix: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opener found: a collector or None, and each part that is not usable, and why."""

    collector: Collector | None
    absent: tuple[Absent, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where collectors look: every root and the measured process are arguments.

    proc, sys: roots of procfs and sysfs. pid: the engine process, None when there is none
    (then process sources are absent with that reason). search: where programs are looked for, as
    in PATH; None: there.
    """

    clock: Clock
    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    pid: int | None = None
    search: str | None = None
