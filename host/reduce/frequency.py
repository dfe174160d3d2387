"""Mean frequency: an influence quantity beside the speed it explains."""

from __future__ import annotations

from functools import reduce

from host.handover.result import Basis
from host.handover.trace import AttemptTrace, Series
from host.reduce.channels import of_channel
from host.reduce.energy import max_gap_of
from host.reduce.estimate import Estimate
from host.reduce.integral import Integral, need_observed, trapezoid
from host.reduce.phases import REQUEST, seconds, windows


def mean_frequency(attempt: AttemptTrace, series: Series) -> Estimate:
    """Time mean over the scored requests, Hz."""
    found = windows(attempt, REQUEST)
    length_s = seconds(found)
    parts = [trapezoid(series.t_ns, series.values, w, max_gap_of(series)) for w in found]
    low, value, high = (
        sum(column) / length_s
        for column in zip(*((p.low, p.value, p.high) for p in parts), strict=True)
    )
    whole = need_observed(reduce(Integral.__add__, parts), length_s)
    open_ = (part / length_s for part in (whole.edge, whole.inside, whole.missed))
    channel = of_channel(series, value, *open_)
    basis = Basis(length_s, len(found), len(series.values), 0.0, channel)
    return Estimate(value, (low, high), count=len(series.values), basis=basis)
