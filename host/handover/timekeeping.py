"""What is known of time around a run: clocks, source of UTC, state before and after, rate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class ClockSaid:
    """One clock of the device.

    api: its name in clock_gettime(2). disciplined: a daemon changes its rate. stepped: it can be
    set, so that it jumps. stops_in_suspend. None: not known for this clock. read_cost_ns: median
    from one stamp to the next.
    """

    api: str
    resolution_ns: int
    read_cost_ns: int | None
    disciplined: bool | None
    stepped: bool | None
    stops_in_suspend: bool | None


@dataclass(frozen=True, slots=True)
class Pair:
    """All clocks of the device within one bracket of MONOTONIC_RAW, ns."""

    raw0_ns: int
    raw1_ns: int
    monotonic_ns: int
    boottime_ns: int
    realtime_ns: int


@dataclass(frozen=True, slots=True)
class Sync:
    """What a time daemon said at one moment.

    time: the wall clock then, RFC 3339. offset_s: wall clock minus the daemon's UTC, positive is
    fast. root_delay_s, root_dispersion_s: up to the reference clock, as in NTP (RFC 5905, section
    4). freq_ppm: how fast the clock would run if it were not corrected, positive is fast;
    residual_ppm and skew_ppm: what is left of it and the bound of its error (chronyc(1)); None
    where the daemon does not say. leap: `normal`, `insert`, `delete`, `unsynchronised`.
    """

    time: str
    offset_s: float
    root_delay_s: float
    root_dispersion_s: float
    freq_ppm: float | None
    residual_ppm: float | None
    skew_ppm: float | None
    leap: str

    @property
    def bound_s(self) -> float:
        """|offset| + root dispersion + root delay / 2 (reference: metrology 8).

        Half-width of what is not known of the wall clock, if the source is right.
        """
        return abs(self.offset_s) + self.root_dispersion_s + self.root_delay_s / 2


@dataclass(frozen=True, slots=True)
class UtcSource:
    """Where the wall clock has UTC from.

    name: daemon and server. provider: the server's address or the reference clock's name.
    path: `internet`, `lan`, `gnss`, `ptp`, "" where it cannot be told.
    """

    name: str
    provider: str
    ref_id: str
    stratum: int
    path: str
    daemon: str
    version: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """The kernel's state of the wall clock (adjtimex(2)).

    adjustment_ppm: by how much MONOTONIC and REALTIME run faster than MONOTONIC_RAW, from
    frequency and tick length.
    """

    synchronised: bool
    adjustment_ppm: float
    maxerror_s: float


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of timekeeping.

    source and sync: None where no daemon names a source of UTC; `absent` then says why.
    """

    boot_id: str
    interval_clock: str
    clocks: tuple[ClockSaid, ...]
    pair: Pair | None
    kernel: Kernel | None
    source: UtcSource | None
    sync: Sync | None
    absent: Txt


@dataclass(frozen=True, slots=True)
class Rate:
    """Rate error of the interval clock: ppm, positive is fast, and the half-width around it."""

    ppm: float
    half_width_ppm: float
    how: Literal["compared_to_utc", "manufacturer"]
    source: Txt


@dataclass(frozen=True, slots=True)
class Corrections:
    """What happened to the wall clock between the readings of a run.

    stepped, slewed, suspended: None where it is not known. reason: how it was found, or why it is
    not known. step_ns: the largest jump.
    """

    stepped: bool | None
    slewed: bool | None
    suspended: bool | None
    step_ns: int
    reason: Txt


@dataclass(frozen=True, slots=True)
class Timekeeping:
    """Time of a whole run, over all of its sessions.

    first, last: the first reading before and the last one after attempts. source: None unless
    every reading named the same one. utc_bound_s: the largest of all readings, None without a
    source. absent: why there is no source.
    """

    first: Moment | None
    last: Moment | None
    sessions: int
    source: UtcSource | None
    utc_bound_s: float | None
    rate: Rate
    corrections: Corrections
    absent: Txt
