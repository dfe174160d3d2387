"""Intervals between the tokens of a request, over all requests of an attempt or of a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from host.handover.measurands import MEASURANDS
from host.handover.result import Basis, Observation
from host.handover.trace import AttemptTrace, FloatArray, RequestTrace
from host.reduce.coverage import CoverageError
from host.reduce.latency import longest_late_s, pooled_intervals_s, stamped


def interval_quantiles(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Inter-token intervals as single values; evaluation takes the quantiles of them.

    Of streams at once every batch gives one: all streams in it waited for it together, and counted
    each for itself they would feign that more is known.
    """
    missing = ""
    samples: tuple[tuple[int, tuple[float, ...]], ...] = ()
    try:
        samples = tuple((a.number, tuple(_of_batches_s(a.scored()).tolist())) for a in attempts)
    except CoverageError as err:
        missing = str(err)
    count = sum(len(values) for _, values in samples)
    late = max((longest_late_s(a.scored()) for a in attempts), default=0.0)
    known = all(stamped(a.scored()) for a in attempts)
    if not count and not missing:
        missing = "too-few-tokens: no valid attempt has two tokens in a request"
    return [
        Observation(
            measurand="inter_token_interval@1",
            statistic=statistic,
            scope="",
            unit=MEASURANDS["inter_token_interval@1"].unit,
            by_attempt=(),
            samples=samples,
            missing=missing,
            count=count,
            basis=Basis(duration_s=0.0, windows=1, amount=1, late_s=late, late_known=known),
        )
        for statistic in ("median", "p95", "p99")
    ]


def _of_batches_s(requests: Sequence[RequestTrace]) -> FloatArray:
    """Intervals, s; of those that end with one stamp of ready logits the first stream's alone."""
    found = pooled_intervals_s(requests)
    if not any(r.streams for r in requests):
        return found
    ends_ns = np.concatenate([r.tokens.ready_ns[1:] for r in requests])
    _, firsts = np.unique(ends_ns, return_index=True)
    return found[firsts]
