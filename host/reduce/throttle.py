"""Signs that the device slowed itself down: counters of events, and states while they last."""

from __future__ import annotations

import numpy as np

from host.handover.result import Basis
from host.handover.trace import AttemptTrace, Series
from host.reduce.channels import of_channel
from host.reduce.counters import unwrap
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate
from host.reduce.phases import REQUEST, windows

# NVML's clock event reasons that mean slower than asked: power cap 0x4, hardware slowdown 0x8,
# heat 0x20 and 0x40, power brake 0x80 (nvml.h). Idle (0x1) and asked-for clocks (0x2) do not.
NVML_REASONS = 0x4 | 0x8 | 0x20 | 0x40 | 0x80
NVML_CHANNEL = "clock_event_reasons"


def throttle_events(series: Series) -> Estimate:
    """How far a throttle counter moved in the attempt."""
    if len(series.values) < 2:  # noqa: PLR2004 - a difference needs two
        raise CoverageError("no-reading", f"{series.channel} gave {len(series.values)} readings")
    values = unwrap(series.values, series.wraps_at)
    events = float(values[-1] - values[0])
    basis = Basis(0.0, 1, len(values), 0.0, of_channel(series, events))
    return Estimate(events, count=len(values), basis=basis)


def throttled_ratio(attempt: AttemptTrace, series: Series) -> Estimate:
    """Share of the readings in the scored requests, 0..1, whose state shows throttling."""
    inside = np.zeros(len(series.values), dtype=bool)
    for window in windows(attempt, REQUEST):
        inside |= (series.t_ns >= window.start_ns) & (series.t_ns <= window.end_ns)
    states = series.values[inside].astype(np.int64)
    if len(states) == 0:
        raise CoverageError("not-covered", f"{series.channel} has no reading in the requests")
    if series.channel.endswith(NVML_CHANNEL):
        states &= NVML_REASONS
    share = float(np.mean(states != 0))
    basis = Basis(0.0, 1, len(states), 0.0, of_channel(series, share))
    return Estimate(share, count=len(states), basis=basis)
