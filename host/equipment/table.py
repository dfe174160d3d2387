"""Corrections: straight lines between the points of a certificate, or one factor. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from host.equipment.units import Scale
from host.handover.equipment import Certificate
from host.handover.trace import FloatArray

# Ends of a range count as inside; a conversion such as 300 mW = 0.3 W rounds in the 16th digit.
_EDGE_RATIO = 1e-12
MaskArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Correction:
    """A certificate in the coherent unit of a channel.

    low, high: ends of its range. indication, correction, U: of its points, ascending; empty for a
    factor, where factor and expanded are set.
    """

    low: float
    high: float
    indication: FloatArray
    correction: FloatArray
    U: FloatArray
    factor: float | None = None
    expanded: float = 0.0

    def inside(self, indications: FloatArray) -> MaskArray:
        """Which indications lie in the range, its ends included."""
        edge = _EDGE_RATIO * max(abs(self.low), abs(self.high))
        found: MaskArray = (indications >= self.low - edge) & (indications <= self.high + edge)
        return found

    def corrected(self, indications: FloatArray) -> FloatArray:
        """Indication plus correction inside the range; outside, the indication as it is."""
        if self.factor is not None:
            return np.where(self.inside(indications), indications * self.factor, indications)
        lines = indications + np.interp(indications, self.indication, self.correction)
        return np.where(self.inside(indications), lines, indications)

    def worst_U(self, low: float, high: float) -> float:  # noqa: N802 - the symbol of the GUM
        """Largest U over [low, high], straight lines between the points."""
        if self.factor is not None:
            return self.expanded
        ends = np.interp((low, high), self.indication, self.U)
        between = self.U[(self.indication > low) & (self.indication < high)]
        return float(max(ends.max(), between.max(initial=0.0)))

    def between(self, low: float, high: float) -> float:
        """Half of the largest step of the correction between two points used over [low, high].

        The correction between two points is taken to stay between theirs: our choice, which no
        certificate states. 0 for a factor and for indications at one point alone.
        """
        if self.factor is not None:
            return 0.0
        used = (self.indication[:-1] < high) & (self.indication[1:] > low)
        steps = np.abs(np.diff(self.correction))[used]
        return float(steps.max(initial=0.0)) / 2


def correction_of(certificate: Certificate, scale: Scale) -> Correction:
    """A checked certificate in coherent units. scale: of its unit."""
    points = np.array([[float(x) for x in p] for p in certificate.points]).reshape(-1, 3)
    low, high = (float(x) * scale.factor + scale.offset for x in certificate.range)
    gain = certificate.gain
    return Correction(
        low=low,
        high=high,
        indication=points[:, 0] * scale.factor + scale.offset,
        correction=points[:, 1] * scale.factor,
        U=points[:, 2] * scale.factor,
        factor=None if gain is None else float(gain[0]),
        expanded=0.0 if gain is None else float(gain[1]),
    )
