"""What evaluation needs beside the observations: clock, alignment, sensors, agent's cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

from host.handover.pulses import PulseCheck
from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """The interval clock of all stamps.

    name: names the counter that ran, so that two results of one counter are known to share its
    rate: domain with boot id. resolution_ns: step of the clock, 0 where it was not told.
    read_cost_ns: time one stamp takes; None where it was not measured. rate_ppm: known rate
    error; rate_half_width_ppm: half-width of what is not known of it. rate_how:
    `compared_to_utc` or `manufacturer`. rate_source: the sentence for the budget.
    """

    name: str
    resolution_ns: int
    read_cost_ns: int | None
    rate_ppm: float
    rate_half_width_ppm: float
    rate_how: Literal["compared_to_utc", "manufacturer"]
    rate_source: Txt


@dataclass(frozen=True, slots=True)
class SensorTerm:
    """One component of a source of readings, from a certificate or a data sheet.

    part: what it is. relative: the numbers are ratios of the indication, else in the channel's
    coherent unit; those of `refresh` are seconds, by which a reading may be older than its stamp.
    Either U with k (a certificate) or half_width (a limit, rectangular); neither: not evaluated,
    and `source` says why. nu: degrees of freedom. how: the method, None for a certificate's or a
    data sheet's own.
    """

    part: Literal["calibration", "gain", "offset", "resolution", "drift", "refresh"]
    relative: bool
    source: Txt
    U: float | None = None
    k: float | None = None
    half_width: float | None = None
    nu: float = float("inf")
    equipment_ref: str = ""
    how: Txt | None = None

    @property
    def u(self) -> float | None:
        """Standard uncertainty, None where not evaluated (JCGM 100:2008, 4.3.3 and 4.3.7)."""
        if self.U is not None and self.k:
            return self.U / self.k
        return None if self.half_width is None else self.half_width / sqrt(3)


@dataclass(frozen=True, slots=True)
class Perturbation:
    """What the agent's sampling does to a result, from paired attempts with and without it.

    ratio: value with sampling over value without; u: standard uncertainty of its mean; nu:
    degrees of freedom; pairs: how many. origin: id of the run that it comes from.
    """

    ratio: float
    u: float
    nu: float
    pairs: int
    origin: str


def ratio_name(measurand: str, scope: str, source: str) -> str:
    """By what a perturbation is kept and found.

    source: the channel of a meter beside the device, "" for what needs no readings.
    """
    return f"{measurand}/{scope}/{source}" if source else f"{measurand}/{scope}"


@dataclass(frozen=True, slots=True)
class Conditions:
    """one_clock: whether the device's clock is the host's, so that nothing is to align.

    sensors: by channel. perturbation: by `ratio_name`; empty where it was never measured.

    alignment_bound_ns: half-width of the offset between two clocks, 0 on one clock. cpus,
    page_bytes: of the device, for the slack of memory counters; None where it did not say. pulses:
    by channel, what load pulses said of the time of a meter whose readings are used.
    """

    clock: ClockFacts | None = None
    alignment_bound_ns: int = 0
    sensors: Mapping[str, tuple[SensorTerm, ...]] = field(default_factory=dict)
    perturbation: Mapping[str, Perturbation] = field(default_factory=dict)
    cpus: int | None = None
    page_bytes: int | None = None
    pulses: Mapping[str, PulseCheck] = field(default_factory=dict)
    one_clock: bool = False
