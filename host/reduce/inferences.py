"""Times and rates of plain graphs, in s. Symbols as in host/handover/inference.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from host.handover.inference import OF_TOKENS
from host.handover.measurands import MEASURANDS
from host.handover.result import Basis, Observation
from host.handover.trace import AttemptTrace, InferenceTrace
from host.reduce.coverage import CoverageError
from host.reduce.estimate import Estimate, Subject, observe

NS = 1e-9
NO_TOKENS = CoverageError("no-tokens", "a plain graph makes inferences and no tokens")


def of_graph(attempts: Sequence[AttemptTrace]) -> bool:
    """Whether the run is one of a plain graph."""
    return any(r.inferences is not None for a in attempts for r in a.requests)


def without_tokens(seen: Observation) -> Observation:
    """What only tokens can give, as missing; anything else as it is."""
    if seen.measurand not in OF_TOKENS:
        return seen
    return replace(
        seen, by_attempt=(), samples=(), missing=str(NO_TOKENS), count=0, bounds=None, basis=None
    )


def inference_results(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """All of the inferences: latencies, rate, time per image, and the rate for each item."""
    items = sorted({r.item for a in attempts for r in a.scored()})
    return [
        *_latencies(attempts),
        observe(_subject("inference_rate@1"), attempts, partial(_rate, "")),
        observe(_subject("image_latency@1"), attempts, _per_image),
        *(
            observe(_subject("inference_rate@1", item), attempts, partial(_rate, item))
            for item in items
        ),
    ]


def count(attempt: AttemptTrace, _length_s: float = 0.0) -> float:
    """Scored inferences of an attempt."""
    return sum(len(trace) for trace in _scored(attempt, ""))


def images(attempt: AttemptTrace, _length_s: float = 0.0) -> float:
    """Images that the scored inferences make: batch / steps of each."""
    return sum(len(trace) * trace.batch / trace.steps for trace in _scored(attempt, ""))


def _subject(measurand: str, scope: str = "") -> Subject:
    return Subject(measurand, MEASURANDS[measurand].unit, scope)


def _latencies(attempts: Sequence[AttemptTrace]) -> list[Observation]:
    """Single inferences as values; evaluation takes the quantiles of them."""
    samples = tuple((a.number, tuple(_times_s(a))) for a in attempts)
    found = sum(len(values) for _, values in samples)
    missing = "" if found else "no-scored-request: no valid attempt has an inference"
    return [
        Observation(
            measurand="inference_latency@1",
            statistic=statistic,
            scope="",
            unit=MEASURANDS["inference_latency@1"].unit,
            by_attempt=(),
            samples=samples,
            missing=missing,
            count=found,
            basis=Basis(duration_s=0.0, windows=1, amount=1, late_s=0.0),
        )
        for statistic in ("median", "p95", "p99")
    ]


def _times_s(attempt: AttemptTrace) -> Iterator[float]:
    for trace in _scored(attempt, ""):
        yield from ((trace.end_ns - trace.start_ns).astype(np.float64) * NS).tolist()


def _rate(item: str, attempt: AttemptTrace) -> Estimate:
    """N / sum of the calls, 1/s."""
    made, time_s = _summed(attempt, item)
    return Estimate(made / time_s, count=made, basis=Basis(time_s, made, made, 0.0))


def _per_image(attempt: AttemptTrace) -> Estimate:
    """Time of all calls over the images that they made, s."""
    made, time_s = _summed(attempt, "")
    amount = images(attempt)
    return Estimate(time_s / amount, count=made, basis=Basis(time_s, made, amount, 0.0))


def _summed(attempt: AttemptTrace, item: str) -> tuple[int, float]:
    """How many inferences and how long they took together, s."""
    found = list(_scored(attempt, item))
    made = sum(len(trace) for trace in found)
    if not made:
        raise CoverageError("no-scored-request", f"none {f'for item {item}' if item else 'ended'}")
    time_ns = sum(int((trace.end_ns - trace.start_ns).sum()) for trace in found)
    if time_ns <= 0:
        raise CoverageError("not-resolvable", "the stamps show no time between start and stop")
    return made, time_ns * NS


def _scored(attempt: AttemptTrace, item: str) -> Iterator[InferenceTrace]:
    """Of the scored requests, or of those of one item."""
    for request in attempt.scored():
        if request.inferences is not None and item in ("", request.item):
            yield request.inferences
