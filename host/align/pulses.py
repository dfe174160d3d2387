"""Where in the readings of a meter a load pattern stands that the device has played. Pure.

The readings are y = a + b x(lag) + noise, x the mean load over what each reading stands for,
moved by the lag; each pattern has its own a, all have one b and one lag. For every lag of a grid a
and b are fitted by least squares. With flat priors of a, b >= 0 and lag, and 1/sigma of the noise,
the posterior of the lag is SSE^(-nu/2) / sqrt(Sxx), nu = n - patterns - 1 (a, b and sigma taken
out by integration; A. Gelman et al., Bayesian Data Analysis, 3rd ed., 14.2); one less is taken,
for with few readings the fit bends with the lag and 2 u covered too little. Its mean and standard
deviation are the lag and its uncertainty: they hold where readings are few, and where each of them
only says on which side of an edge it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host.handover.pulses import REACH_S, Lag
from host.handover.trace import FloatArray, IntArray

NS = 1e-9
# More readings than this of one pattern are averaged in blocks: the place of an edge inside a
# block is in its mean, and noise falls as it would with all readings.
MOST_READINGS = 1500
# The first grid has so many lags in the shortest state of a pattern; the peak is as wide as that.
LAGS_IN_STATE = 10
# No pattern is ordered with shorter ones (agent/pulses.py, MIN_BIT_S); a stamp that came late may
# make one seem so.
SHORTEST_STATE_NS = 10_000_000
# Lags less likely than the best by e^18 are nothing that a sum would notice.
NEGLIGIBLE = 18.0
# So many lags across what is not negligible make mean and standard deviation good to 1 %.
FINE_LAGS = 60
FINER = 4
ZOOMS = 16
# A residual is a difference of sums: below this share of them doubles have no say.
ROUNDING = 1e-9
TINY = 1e-24
# Fewest readings beyond those that the fit uses up, for a standard deviation to exist (t, nu > 2).
SPARE_READINGS = 3
# A block is no mean over its span where readings are missing in it.
BLOCK_SLACK = 1.5


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as it was played, on the device's clock.

    t_ns: (m,) ascending: where the load changed, and both ends of the time that is known.
    load: (m - 1,) between them, 0 to 1 of all processes. state_ns: the shortest load or rest.
    """

    name: str
    t_ns: IntArray
    load: FloatArray
    state_ns: int


@dataclass(frozen=True, slots=True)
class Readings:
    """Mean powers in W over [start_ns, end_ns], (n,) each, in order of time."""

    start_ns: IntArray
    end_ns: IntArray
    power_w: FloatArray


@dataclass(frozen=True, slots=True)
class _Part:
    """One pattern with its readings; times in s since the beginning of the pattern."""

    knots: FloatArray
    energy: FloatArray  # integral of the load up to each knot, s
    start: FloatArray
    end: FloatArray
    power: FloatArray  # less its mean
    # Of momentary readings in blocks: the time between two of them, within which no edge is
    # placed. Edges may all stand alike to them, so no number of edges makes that smaller.
    blind: float = 0.0

    def load(self, lags: FloatArray) -> FloatArray:
        """(lags, n): mean load over each reading moved by each lag, less its mean."""
        upto = np.interp(self.end - lags[:, None], self.knots, self.energy)
        since = np.interp(self.start - lags[:, None], self.knots, self.energy)
        mean = (upto - since) / (self.end - self.start)
        centred: FloatArray = mean - mean.mean(axis=1, keepdims=True)
        return centred


@dataclass(frozen=True, slots=True)
class _Fit:
    """Least squares at each lag: (lags,) each."""

    sxx: FloatArray
    sxy: FloatArray
    sse: FloatArray


def lag_of(played: Sequence[tuple[Pattern, Readings]], resolution_w: float = 0.0) -> Lag | None:
    """The lag that all patterns have together; None where too few readings are there.

    resolution_w: of a reading, whose rounding is the least noise that is believed.
    """
    parts = [part for pattern, readings in played if (part := _part(pattern, readings))]
    n = sum(len(part.power) for part in parts)
    spent = len(parts) + 2
    if n < spent + SPARE_READINGS:
        return None
    total = float(sum((part.power**2).sum() for part in parts))
    # Rounding to a step q is noise of q/sqrt(12).
    floor = max(n * resolution_w**2 / 12, ROUNDING * total, TINY)
    state_ns = max(min(pattern.state_ns for pattern, _ in played), SHORTEST_STATE_NS)
    steps = int(2 * REACH_S / NS * LAGS_IN_STATE / state_ns)
    rough = np.linspace(-REACH_S, REACH_S, 1 + steps)
    fit = _fit(parts, rough, total)
    best = float(rough[np.argmin(fit.sse)])
    inflation = _inflation(parts, best, fit)
    nu = max(n / inflation - spent, SPARE_READINGS)
    lags, weights = _posterior(parts, rough, total, floor, nu)
    lag = float((lags * weights).sum())
    blind = max(part.blind for part in parts) / np.sqrt(12)
    u = float(np.sqrt((weights * (lags - lag) ** 2).sum() + blind**2))
    at = _fit(parts, np.array([lag, best, lags[np.argmax(weights)]]), total)
    i = int(np.argmin(at.sse))
    return Lag(
        lag_ns=round(lag / NS),
        u_ns=u / NS,
        correlation=_correlation(float(at.sse[i]), total, n - spent, n - len(parts)),
        step_w=float(at.sxy[i] / at.sxx[i]) if at.sxx[i] > 0 else 0.0,
        readings=n,
        inflation=inflation,
    )


def _part(pattern: Pattern, readings: Readings) -> _Part | None:
    """What of the readings lies in known time at every lag that is tried."""
    reach = round(REACH_S / NS)
    inside = (readings.start_ns - reach >= pattern.t_ns[0]) & (
        readings.end_ns + reach <= pattern.t_ns[-1]
    )
    if not inside.any():
        return None
    origin = pattern.t_ns[0]
    start = (readings.start_ns[inside] - origin) * NS
    end = (readings.end_ns[inside] - origin) * NS
    start, end, power, blind = _in_blocks(start, end, readings.power_w[inside])
    knots = (pattern.t_ns - origin) * NS
    energy = np.concatenate(([0.0], np.cumsum(np.diff(knots) * pattern.load)))
    return _Part(knots, energy, start, end, power - power.mean(), blind)


def _in_blocks(
    start: FloatArray, end: FloatArray, power: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, float]:
    """Means over blocks of readings, and `blind`; few readings as they are."""
    size = -(-len(power) // MOST_READINGS)
    if size == 1:
        return start, end, power, 0.0
    # A momentary reading stands for the time up to the middle between it and the next ones.
    half = np.median(np.diff(start)) / 2
    at = slice(0, len(power) // size * size)
    first = start[at].reshape(-1, size)[:, 0]
    last = end[at].reshape(-1, size)[:, -1]
    mean = power[at].reshape(-1, size).mean(axis=1)
    momentary = float(np.median(end - start)) < half
    first, last = (first - half, last + half) if momentary else (first, last)
    whole = (last - first) <= BLOCK_SLACK * np.median(last - first)
    return first[whole], last[whole], mean[whole], 2 * half if momentary else 0.0


def _fit(parts: Sequence[_Part], lags: FloatArray, total: float) -> _Fit:
    sxx, sxy = np.zeros(len(lags)), np.zeros(len(lags))
    for part in parts:
        load = part.load(lags)
        sxx += (load**2).sum(axis=1)
        sxy += load @ part.power
    # Load only adds power: at a lag where it would take some off, there is no pattern.
    gain = np.where((sxy > 0) & (sxx > 0), sxy**2 / np.where(sxx > 0, sxx, 1.0), 0.0)
    return _Fit(sxx, sxy, np.maximum(total - gain, 0.0))


def _posterior(
    parts: Sequence[_Part], rough: FloatArray, total: float, floor: float, nu: float
) -> tuple[FloatArray, FloatArray]:
    """Lags on an even grid wherever they are not negligible, and their weights, which sum to 1.

    The grid is made finer around what is likely only, so that peaks far apart all stay.
    """
    step, places = float(rough[1] - rough[0]), np.arange(len(rough))
    lags, weights = rough, np.full(len(rough), 1 / len(rough))
    for _ in range(ZOOMS):
        lags = rough[0] + step * places
        fit = _fit(parts, lags, total)
        # Without any pattern in a reading its lag is not known: such a lag has no weight.
        log = -nu / 2 * np.log(fit.sse + floor) - np.log(np.where(fit.sxx > 0, fit.sxx, 1)) / 2
        weights = np.exp(log - log.max())
        weights /= weights.sum()
        likely = places[log > log.max() - NEGLIGIBLE]
        if len(likely) >= FINE_LAGS:
            break
        step /= FINER
        places = np.unique(likely[:, None] * FINER + np.arange(-FINER, FINER + 1))
    return lags, weights


def _inflation(parts: Sequence[_Part], lag: float, fit: _Fit) -> float:
    """1 + 2 times the sum of the residual's autocorrelations up to the first that is not above 0.

    The initial positive sequence of C. J. Geyer, Statistical Science 7 (1992), 473, in its
    simplest form; 1 for residuals that know nothing of each other.
    """
    best = int(np.argmin(fit.sse))
    slope = fit.sxy[best] / fit.sxx[best] if fit.sxx[best] > 0 else 0.0
    residuals = [part.power - slope * part.load(np.array([lag]))[0] for part in parts]
    variance = sum(float(r @ r) for r in residuals)
    found = 1.0
    for k in range(1, max(len(r) for r in residuals) // 4):
        rho = sum(float(r[k:] @ r[:-k]) for r in residuals if len(r) > k)
        if variance <= 0 or rho <= 0:
            break
        found += 2 * rho / variance
    return found


def _correlation(sse: float, total: float, left: int, all_left: int) -> float:
    """Of readings and pattern, 0 to 1, adjusted for what the fit takes out of noise alone.

    left, all_left: degrees of freedom with the pattern and without it.
    """
    if total <= 0:
        return 0.0
    return float(np.sqrt(max(0.0, 1 - sse / left / (total / all_left))))
