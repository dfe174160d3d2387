"""What a source of readings can say: channels, readings and gaps.

A reading keeps the source's own unit and, where the source counts, its integer. Units are
converted in one place only, `host/handover/units.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unit(str, Enum):
    """Units as sources give them; the value is the UCUM code (ucum.org)."""

    ONE = "1"
    COUNT = "{count}"
    TICK = "{tick}"  # USER_HZ ticks of /proc/stat, see Channel.scale_note
    SECOND = "s"
    MILLISECOND = "ms"
    MICROSECOND = "us"
    NANOSECOND = "ns"
    HERTZ = "Hz"
    KILOHERTZ = "kHz"
    MEGAHERTZ = "MHz"
    BYTE = "By"
    KIBIBYTE = "KiBy"
    PAGE = "{page}"  # kernel pages, see Channel.scale_note
    CELSIUS = "Cel"
    DECICELSIUS = "dCel"
    MILLICELSIUS = "mCel"
    VOLT = "V"
    MILLIVOLT = "mV"
    MICROVOLT = "uV"
    AMPERE = "A"
    MILLIAMPERE = "mA"
    MICROAMPERE = "uA"
    WATT = "W"
    MILLIWATT = "mW"
    MICROWATT = "uW"
    JOULE = "J"
    MILLIJOULE = "mJ"
    MICROJOULE = "uJ"
    MICROAMPEREHOUR = "uA.h"
    MICROWATTHOUR = "uW.h"
    WATTHOUR = "W.h"
    VOLTAMPERE = "V.A"  # apparent and reactive power; UCUM has no unit of their own for them
    PERCENT = "%"


class Kind(str, Enum):
    """How successive readings of a channel belong together."""

    INSTANT = "instant"  # the value at the moment of reading
    AVERAGE = "average"  # a mean over the source's own window before the reading
    COUNTER = "counter"  # grows; differences mean something, the value does not
    PEAK = "peak"  # the largest value so far
    STATE = "state"  # a code or a bit field


class Quantity(str, Enum):
    """What is measured; charts and reductions choose channels by it."""

    CPU_TIME = "cpu_time"
    LOAD = "load"
    FREQUENCY = "frequency"
    MEMORY = "memory"
    TEMPERATURE = "temperature"
    POWER = "power"
    ENERGY = "energy"
    VOLTAGE = "voltage"
    CURRENT = "current"
    CHARGE = "charge"
    THROTTLE = "throttle"
    IDLE = "idle"
    UTILISATION = "utilisation"
    STATE = "state"
    TIME = "time"  # the source's own stamp
    BUSY_TIME = "busy_time"  # of an accelerator


@dataclass(frozen=True, slots=True)
class Channel:
    """One stream of one quantity from one source.

    name: lower-case words joined by dots, the source first: `rapl.package-0.energy`.
    unit, kind, quantity: as the source gives them.
    source: path, call or command it is read from.
    resolution: smallest step, in `unit`; None where no document states one.
    wraps_at: for counters, the value after which the source starts again at 0.
    scale: multiply by it to get `unit` (page size, tick length); 1 for most sources.
    tier: power evidence tier, "A-" external meter, "B" on-board rail or counter, "C" fuel gauge or
        model, "" for channels that are no power evidence (`shared` design, law 5). No source says
        "A": a certificate earns it (host/equipment).
    note: the trap a reader of the value must know, with the document that says so.
    averaging_s: length of the source's own window, for `Kind.AVERAGE`; None: not stated.
    stamped_by: name of the channel, read at once with this one, that holds the source's own stamp
        on the clock of the readings; "" where there is none. Its resolution is the stamp's.
    refresh_s: how long a value stays, as found by polling when it was opened, or as the document
        of the source states it; None: neither.
    each_new: whether the source itself says that each reading is a new one, by its own count of
        samples or by a gate that it opens once an update. A value that repeats then is a power
        that did not change.
    """

    name: str
    unit: Unit
    kind: Kind
    quantity: Quantity
    source: str
    resolution: float | None = None
    wraps_at: int | None = None
    scale: float = 1.0
    tier: str = ""
    note: str = ""
    averaging_s: float | None = None
    stamped_by: str = ""
    refresh_s: float | None = None
    each_new: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """One indication, with a stamp taken before and one after the read (ns, same clock)."""

    channel: str
    t0_ns: int
    t1_ns: int
    value: int | float


@dataclass(frozen=True, slots=True)
class Gap:
    """A reading that was due and is missing, and why.

    reason: a code of lower-case words joined by hyphens, then free text after a colon, for
    example `unreadable: PermissionError`.
    """

    channel: str
    t_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A value that is not there; `reason` as in Gap.reason."""

    reason: str


# What a read of one channel gives, before anybody stamps it.
Value = int | float | Missing
