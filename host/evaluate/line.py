"""A straight line through pairs that are uncertain in both.

Source: D. York, N. M. Evensen, M. L. Martinez, J. De Basabe Delgado, Am. J. Phys. 72 (2004) 367,
equations 13 a to d without correlation of a pair's own errors; the covariance of offset and gain
follows from theirs (offset = mean of y - gain * mean of x, the two means independent). Checked
against GTC's fit by Krystek and Anton, Meas. Sci. Technol. 22 (2011) 035101, which is some 20
times slower and finds the minimum by search.

The uncertainties that are given say how much a pair counts beside another. Their common size is
taken from the scatter about the line, so that whatever makes pairs leave it (a load that changes,
a bent characteristic) is in u: covariance times S / (n - 2), n - 2 degrees of freedom (as JCGM
100:2008, H.3.3 has it for equal weights).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, sqrt

import numpy as np

from host.handover.trace import FloatArray

# A pair that shows no noise at all still counts finitely: this share of the largest value, far
# below what any meter resolves.
LEAST_RATIO = 1e-9
PARAMETERS = 2
# York's iteration gains some digits a round; it has stood still long before this.
ROUNDS = 50
STILL_RATIO = 1e-15


@dataclass(frozen=True, slots=True)
class Line:
    """y = offset + gain * x. u_gain, u_offset, covariance: of both; nu: n - 2.

    s: of a single y about the line, in its unit.
    """

    gain: float
    offset: float
    u_gain: float
    u_offset: float
    covariance: float
    s: float
    nu: int


def line_through(
    x: Sequence[float], y: Sequence[float], u_x: Sequence[float], u_y: Sequence[float]
) -> Line:
    """Fit three or more pairs. Raises ValueError where x does not differ or there are too few."""
    n = len(x)
    if n <= PARAMETERS or max(x) == min(x):
        raise ValueError(f"{n} pairs, x from {min(x, default=0)} to {max(x, default=0)}: no line")
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    w_x, w_y = _weights(xs, u_x), _weights(ys, u_y)
    off_x = xs - xs.mean()
    gain = _dot(off_x, ys) / _dot(off_x, off_x)  # ordinary least squares, to begin with
    for _ in range(ROUNDS):
        before, gain = gain, _better(gain, (xs, ys), (w_x, w_y))
        if abs(gain - before) <= STILL_RATIO * abs(gain):
            break
    w = _both(gain, w_x, w_y)
    mean_x, mean_y = _mean(xs, w), _mean(ys, w)
    offset = mean_y - gain * mean_x
    adjusted = mean_x + _beta(gain, (xs - mean_x, ys - mean_y), (w_x, w_y))
    middle = _mean(adjusted, w)
    nu, off = n - PARAMETERS, ys - offset - gain * xs
    scale = float(np.sum(w * off**2)) / nu
    var_gain = scale / float(np.sum(w * (adjusted - middle) ** 2))
    return Line(
        gain=gain,
        offset=offset,
        u_gain=sqrt(var_gain),
        u_offset=sqrt(scale / float(np.sum(w)) + middle**2 * var_gain),
        covariance=-middle * var_gain,
        s=sqrt(fsum(off**2) / nu),
        nu=nu,
    )


def _weights(values: FloatArray, u: Sequence[float]) -> FloatArray:
    least = float(np.abs(values).max()) * LEAST_RATIO or LEAST_RATIO
    found: FloatArray = 1 / np.maximum(np.asarray(u, dtype=np.float64), least) ** 2
    return found


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Not np.dot: OpenBLAS adds in an order of its own for each kind of CPU, in other last digits.

    `verify` must give the same bytes on any machine.
    """
    return float(np.sum(one * other))


def _mean(values: FloatArray, weights: FloatArray) -> float:
    return _dot(weights, values) / float(weights.sum())


def _both(gain: float, w_x: FloatArray, w_y: FloatArray) -> FloatArray:
    return w_x * w_y / (w_x + gain**2 * w_y)


def _beta(
    gain: float, off: tuple[FloatArray, FloatArray], weights: tuple[FloatArray, FloatArray]
) -> FloatArray:
    """York's beta: how far the adjusted x lies from the mean. off: x and y less their means."""
    w = _both(gain, *weights)
    return w * (off[0] / weights[1] + gain * off[1] / weights[0])


def _better(
    gain: float, both: tuple[FloatArray, FloatArray], weights: tuple[FloatArray, FloatArray]
) -> float:
    w = _both(gain, *weights)
    off = both[0] - _mean(both[0], w), both[1] - _mean(both[1], w)
    beta = _beta(gain, off, weights)
    return _dot(w * beta, off[1]) / _dot(w * beta, off[0])
