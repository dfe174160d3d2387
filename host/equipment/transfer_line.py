"""The line of a transfer calibration turned round: from an indication to a power. Pure.

Model: y = o + g P, so P = (y - o) / g. By the law of propagation (JCGM 100:2008, 5.2.2), with the
scatter s of a single step for what the device does at one power and not at all of them:

u(P)^2 = (u(o)^2 + 2 P cov(o, g) + P^2 u(g)^2 + s^2) / g^2 + (P u_rel)^2 + u_W^2

where o, g are those of the fit alone and u_rel, u_W are of the meter, common to all of its powers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from host.equipment import transfer_words as words
from host.handover.calibration import Calibration, Stored
from host.handover.conditions import SensorTerm
from host.handover.text import Txt
from host.handover.trace import FloatArray, Gap, IntArray, Series

NS = 1e-9
# The factor that U of a term is stated with; u alone enters the budget.
K = 2.0
# Powers between the smallest and the largest at which the ratio u(P)/P is looked at.
PLACES = 21
# A wrap is believed as host/reduce/counters.py believes it.
WRAP_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Numbers of a calibration, as in `host/handover/calibration.py`. lag_s: 0 where unknown."""

    gain: float
    offset_w: float
    u_gain: float
    u_offset_w: float
    covariance_w: float
    s_w: float
    nu: float
    u_relative: float
    u_w: float
    nu_reference: float
    lag_s: float
    u_lag_s: float | None

    @classmethod
    def of(cls, calibration: Calibration) -> TransferLine:
        """Of a calibration of one source that has a line."""
        fit, reference = calibration.transfers[0].fit, calibration.reference
        if fit is None:
            raise ValueError("a calibration without a line")
        return cls(
            gain=float(fit.gain),
            offset_w=float(fit.offset_w),
            u_gain=float(fit.u_fit_gain),
            u_offset_w=float(fit.u_fit_offset_w),
            covariance_w=float(fit.covariance_fit_w),
            s_w=float(fit.s_w),
            nu=float(fit.nu),
            u_relative=0.0 if reference is None else float(reference.u_relative),
            u_w=0.0 if reference is None else float(reference.u_w),
            nu_reference=inf if reference is None else float(reference.nu),
            lag_s=float(fit.lag_s or "0"),
            u_lag_s=None if fit.u_lag_s is None else float(fit.u_lag_s),
        )

    def power(self, indication: FloatArray) -> FloatArray:
        """Powers of indications, both in W."""
        found: FloatArray = (indication - self.offset_w) / self.gain
        return found

    def parts(self, power_w: float) -> tuple[float, float]:
        """Standard uncertainties of the line and of the meter at a power, W."""
        line = (
            self.u_offset_w**2
            + 2 * power_w * self.covariance_w
            + (power_w * self.u_gain) ** 2
            + self.s_w**2
        )
        return (
            sqrt(max(0.0, line)) / abs(self.gain),
            sqrt((power_w * self.u_relative) ** 2 + self.u_w**2),
        )

    def u(self, power_w: float) -> float:
        """Standard uncertainty of a power, W."""
        line, meter = self.parts(power_w)
        return sqrt(line**2 + meter**2)

    def nu_at(self, power_w: float) -> float:
        """Degrees of freedom of that (JCGM 100:2008, G.4.1)."""
        line, meter = self.parts(power_w)
        bottom = line**4 / self.nu + meter**4 / self.nu_reference
        return (line**2 + meter**2) ** 2 / bottom if bottom > 0 else inf


def corrected(series: Series, line: TransferLine) -> Series:
    """The series as powers or energies of the meter, its lag taken out of its stamps."""
    shift = round(line.lag_s / NS)
    moved = replace(
        series,
        t0_ns=series.t0_ns - shift,
        t1_ns=series.t1_ns - shift,
        gaps=tuple(Gap(g.channel, g.t_ns - shift, g.reason) for g in series.gaps),
        resolution=None if series.resolution is None else series.resolution / abs(line.gain),
    )
    if series.kind != "counter":
        return replace(moved, values=line.power(series.values))
    return replace(moved, values=_energies(series, line), wraps_at=None)


def _energies(series: Series, line: TransferLine) -> FloatArray:
    """A counter less offset times the time at which each value was first seen, over the gain.

    A value that is only read again stays the same, so that updates are still told apart. A step
    back that is no wrap stays one, which is refused where energies are taken.
    """
    steps = np.diff(series.values, prepend=series.values[:1])
    if series.wraps_at is not None:
        wrapped = (steps < 0) & (steps + series.wraps_at <= WRAP_SHARE * series.wraps_at)
        steps = np.where(wrapped, steps + series.wraps_at, steps)
    fresh = np.concatenate(([True], steps[1:] != 0)) if len(steps) else np.zeros(0, dtype=bool)
    first: IntArray = np.maximum.accumulate(np.where(fresh, np.arange(len(steps)), 0))
    seconds = (series.t_ns[first] - series.t_ns[:1]) * NS
    found: FloatArray = (np.cumsum(steps) - line.offset_w * seconds) / line.gain
    return found


def terms_of(
    one: Stored, line: TransferLine, powers_w: tuple[float, float], *, relative: bool
) -> tuple[SensorTerm, ...]:
    """Terms at the worst power used: of the line and the meter, of drift, of the lag.

    relative: as a ratio, for energies.
    """
    ref, said = words.ref_of(one), words.source(one)
    places = np.linspace(*powers_w, PLACES)
    worst = max((float(p) for p in places), key=lambda p: _at(line, p, relative=relative))
    known = _at(line, worst, relative=relative) * K
    open_ = words.open_of(one)
    calibration = SensorTerm(
        part="calibration",
        relative=relative,
        source=said,
        U=None if words.unknown_reference(one) else known,
        k=K,
        nu=line.nu_at(worst),
        equipment_ref=ref,
        how=words.HOW,
    )
    drift = SensorTerm("drift", relative=relative, source=open_, equipment_ref=ref)
    if line.u_lag_s is None:
        return calibration, drift
    lag = SensorTerm(
        part="refresh",
        relative=False,
        source=_lag(said, line),
        U=K * line.u_lag_s,
        k=K,
        equipment_ref=ref,
        how=words.HOW,
    )
    return calibration, drift, lag


def _at(line: TransferLine, power_w: float, *, relative: bool) -> float:
    if not relative:
        return line.u(power_w)
    return line.u(power_w) / abs(power_w) if power_w else 0.0


def _lag(said: Txt, line: TransferLine) -> Txt:
    return Txt(
        f"{said.zh}；滞后 {line.lag_s:.3g} s 已从时标中扣除",
        f"{said.en}; its lag of {line.lag_s:.3g} s is taken out of the stamps",
    )
