"""Ratios of the mean power by two sources, phase by phase: set side by side, never averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from host.handover import rules
from host.handover.measurands import MEASURANDS
from host.handover.result import Observation
from host.handover.side_by_side import OVER, POWER_RATIO, place_of
from host.reduce.channels import MOST

# Tiers A and A-: an instrument of its own, not a source of the device.
EXTERNAL = "A"
Attempts = tuple[tuple[int, float], ...]


def ratio_results(found: Sequence[Observation]) -> list[Observation]:
    """Of every phase for which both sources of a pair gave a mean power in one attempt."""
    means = [o for o in found if o.measurand == "mean_power@1" and o.by_attempt]
    by = {(o.source, o.scope): o for o in means}
    return [
        ratio
        for above, below in _pairs(means)
        for scope in dict.fromkeys(o.scope for o in means)
        if (above, scope) in by and (below, scope) in by
        if (ratio := _ratio(by[above, scope], by[below, scope])) is not None
    ]


def _pairs(means: Sequence[Observation]) -> Iterator[tuple[str, str]]:
    """Numerator and denominator.

    At one place: everything over its energy counter, which misses nothing, else over what comes
    first. Of the rest: every source of the device over every meter, and meters over one another,
    each once.
    """
    tiers = {o.source: o.tier for o in means}
    places: dict[str, list[str]] = {}
    for source in tiers:
        places.setdefault(place_of(source) or source, []).append(source)
    for own in places.values():
        below = next((s for s in own if s.endswith(".energy")), own[0])
        yield from ((above, below) for above in own if above != below)
    meters = [s for s, tier in tiers.items() if tier.startswith(EXTERNAL)]
    for above, tier in tiers.items():
        others = meters if not tier.startswith(EXTERNAL) else meters[: meters.index(above)]
        yield from ((above, m) for m in others if place_of(m) != place_of(above))


def _ratio(above: Observation, below: Observation) -> Observation | None:
    """None where no attempt has both, or a power of nothing to divide by."""
    divisors = {number: value for number, value in below.by_attempt if value > 1 / MOST}
    ratios = tuple((n, value / divisors[n]) for n, value in above.by_attempt if n in divisors)
    if not ratios or above.basis is None or below.basis is None:
        return None
    both = tuple(replace(o, by_attempt=_of_attempts(o, ratios)) for o in (above, below))
    # The windows are those of both; what hangs on them stands in the terms of each.
    basis = replace(above.basis, amount=1.0, late_s=0.0, channel=None)
    return Observation(
        measurand=POWER_RATIO,
        statistic=above.statistic,
        scope=above.scope,
        unit=MEASURANDS[POWER_RATIO].unit,
        by_attempt=ratios,
        source=f"{above.source}{OVER}{below.source}",
        rule=rules.RATIO,
        count=len(ratios),
        bounds=_bounds(above, below),
        basis=basis,
        of=(both[0], both[1]),
    )


def _of_attempts(seen: Observation, ratios: Attempts) -> Attempts:
    """Values of the attempts that have a ratio: its budget is of no others."""
    numbers = {number for number, _ in ratios}
    return tuple(each for each in seen.by_attempt if each[0] in numbers)


def _bounds(above: Observation, below: Observation) -> tuple[float, float] | None:
    if above.bounds is None or below.bounds is None or min(below.bounds) <= 0:
        return None
    return above.bounds[0] / below.bounds[1], above.bounds[1] / below.bounds[0]
