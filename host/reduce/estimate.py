"""One value from one attempt, and the collection of values over the attempts of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from host.handover.result import Basis, Observation
from host.handover.text import Txt
from host.handover.trace import AttemptTrace
from host.reduce.basis import mean, mean_basis
from host.reduce.coverage import CoverageError

__all__ = ["Estimate", "Subject", "mean", "observe"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, the bounds it stands on (None: none are known) and how many items are behind.

    basis: what its budget is made from; None for the conventions of other tools.
    """

    value: float
    bounds: tuple[float, float] | None = None
    count: int = 0
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a value is of; the fields are those of Result."""

    measurand: str
    unit: str
    scope: str = ""
    statistic: str = "mean"
    source: str = ""
    tier: str = ""
    rule: Txt | None = None


def observe(
    subject: Subject,
    attempts: Sequence[AttemptTrace],
    reduction: Callable[[AttemptTrace], Estimate],
) -> Observation:
    """One value an attempt; an attempt without one leaves its reason."""
    made: list[tuple[int, Estimate]] = []
    reasons: list[str] = []
    for attempt in attempts:
        try:
            made.append((attempt.number, reduction(attempt)))
        except CoverageError as err:
            reasons.append(f"{err}; attempt {attempt.number}")
    estimates = [estimate for _, estimate in made]
    return Observation(
        measurand=subject.measurand,
        statistic=subject.statistic,
        scope=subject.scope,
        unit=subject.unit,
        by_attempt=tuple((number, estimate.value) for number, estimate in made),
        source=subject.source,
        tier=subject.tier,
        rule=subject.rule,
        missing=_missing(reasons, attempts),
        count=sum(estimate.count for estimate in estimates),
        bounds=_mean_bounds(estimates),
        basis=mean_basis([estimate.basis for estimate in estimates]),
    )


def _missing(reasons: Sequence[str], attempts: Sequence[AttemptTrace]) -> str:
    if not attempts:
        return "no-valid-attempt: nothing is reduced from void or incomplete attempts"
    if len(reasons) > 1:
        return f"{reasons[0]}, and {len(reasons) - 1} more attempts"
    return "".join(reasons)


def _mean_bounds(estimates: Sequence[Estimate]) -> tuple[float, float] | None:
    """Bounds of the mean: means of the bounds; None when one attempt has none."""
    found = [estimate.bounds for estimate in estimates if estimate.bounds is not None]
    if not found or len(found) < len(estimates):
        return None
    return mean([low for low, _ in found]), mean([high for _, high in found])
