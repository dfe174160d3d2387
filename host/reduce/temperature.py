"""How much warmer a sensor got while the requests ran."""

from __future__ import annotations

import numpy as np

from host.handover.result import Basis
from host.handover.trace import Series, Window
from host.reduce.channels import of_channel
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate


def temperature_rise(series: Series, window: Window) -> Estimate:
    """Rise in K over a window; readings in Cel.

    Zero or below when the sensor never got warmer than it was at the start.
    """
    first = int(np.searchsorted(series.t_ns, window.start_ns, side="right")) - 1
    last = int(np.searchsorted(series.t_ns, window.end_ns, side="right"))
    if first < 0 or last - first < 2:  # noqa: PLR2004 - the start and one reading in the window
        raise CoverageError("not-covered", f"{series.channel} has no reading before and in it")
    rise = float(series.values[first + 1 : last].max() - series.values[first])
    basis = Basis(0.0, 1, last - first, 0.0, of_channel(series, rise))
    return Estimate(rise, count=last - first, basis=basis)
