"""Propagation of distributions by Monte Carlo (JCGM 101:2008, 7 and 8).

Results are rounded to the power of ten at or below u / sqrt(trials), the standard error of the
mean: further digits would be noise of the draws, and their last bits would depend on how a
machine's sine or logarithm rounds, so that the bytes of a record could not be redone elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10, sqrt
from typing import TYPE_CHECKING, Any

from host.evaluate.correlations import check_correlations, groups
from host.evaluate.draws import RNG, Source, draw_group
from host.evaluate.gum import propagate
from host.evaluate.model import Model, check_inputs, estimates
from host.handover.budget import Budget, Correlation, Input, MonteCarlo

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BLOCK_TRIALS = 10_000  # JCGM 101, 7.9.4 b
TAIL_DRAWS = 100  # JCGM 101, 7.9.4 b: at least so many draws outside the interval, on average
VALIDATION_DIGITS = 2  # of u, as U is stated to two digits (shared reference metrology 2.4, 6)


@dataclass(frozen=True, slots=True)
class Adaptive:
    """Draw until mean, u and both ends are stable to so many digits of u (JCGM 101, 7.9).

    most: ValueError where that takes more trials.
    """

    digits: int
    most: int


def simulate(
    model: Model,
    inputs: Sequence[Input],
    correlations: Sequence[Correlation] = (),
    *,
    trials: int | Adaptive,
    seed: int,
    p: float,
) -> MonteCarlo:
    """Draw inputs, evaluate the model, and take moments and both intervals from its values.

    Inputs that are not evaluated, or have u = 0, stand at their estimate. How each distribution
    is drawn: `draws`. gum_validated compares with the first-order interval of `propagate`, at
    half a unit of the second digit of its u; where trials are so few that an end scatters by
    more (8 u / sqrt(trials), at 95 %, is three times its scatter), a first order that holds may
    be refused, rarely the other way round. ValueError where the model has no finite value for
    a draw, where correlated inputs are not normal, and for fewer trials than give 100 beyond
    the interval.
    """
    return compare(propagate(model, inputs, correlations, p), model, trials=trials, seed=seed)


def compare(budget: Budget, model: Model, *, trials: int | Adaptive, seed: int) -> MonteCarlo:
    """Do the same beside a first-order budget of that model that is there already."""
    inputs = tuple(row.input for row in budget.rows)
    check_inputs(inputs)
    check_correlations(inputs, budget.correlations)
    least = ceil(round(TAIL_DRAWS / (1 - budget.p), 6))
    if isinstance(trials, int) and trials < least:
        raise ValueError(f"{trials} trials are too few: at least {least} for p = {budget.p}")
    source = Source.seeded(seed)
    if isinstance(trials, int):
        values = _values(model, inputs, budget.correlations, source, trials)
    else:
        block = max(least, BLOCK_TRIALS)
        values = _adapt(model, budget, source, block, trials)
    return _summary(values, budget, seed)


def tolerance(u: float, digits: int = VALIDATION_DIGITS) -> float:
    """Half a unit of the last of so many significant digits of u (JCGM 101, 7.9.2)."""
    if u == 0:
        return 0.0
    return float(f"5e{int(f'{u:.{digits - 1}e}'.partition('e')[2]) - digits}")


def _values(
    model: Model,
    inputs: Sequence[Input],
    correlations: Sequence[Correlation],
    source: Source,
    count: int,
) -> Array:
    """Values of the model for so many draws."""
    import numpy as np

    drawn: dict[str, Any] = dict(estimates(inputs))
    for group in groups(inputs, correlations):
        drawn |= draw_group(group, correlations, lambda: source.uniforms(count))
    with np.errstate(all="ignore"):  # what is not finite is refused below
        values: Array = np.asarray(model.function(drawn), dtype=float)
    if values.ndim == 0:  # nothing drawn is in the model
        values = np.full(count, float(values))
    if not np.isfinite(values).all():
        raise ValueError(f"the model {model.expression} has no value for some draws of its inputs")
    return values


def _adapt(model: Model, budget: Budget, source: Source, block: int, rule: Adaptive) -> Array:
    """Blocks until twice the standard error of each figure is below the tolerance."""
    import numpy as np

    inputs = [row.input for row in budget.rows]
    blocks: list[Array] = []
    figures: list[list[float]] = []
    while len(blocks) * block < rule.most:
        values = _values(model, inputs, budget.correlations, source, block)
        blocks.append(values)
        low, high = _symmetric(*_tails(values, budget.p))
        moments = [float(values.mean())] * _has_moment(inputs, 1)
        moments += [float(values.std(ddof=1))] * _has_moment(inputs, 2)
        figures.append([low, high, *moments])
        if len(blocks) == 1:
            continue
        errors = np.std(figures, axis=0, ddof=1) / sqrt(len(blocks))
        delta = tolerance(_scale(budget, np.concatenate(blocks)), rule.digits)
        if (2 * errors <= delta).all():
            return np.concatenate(blocks)
    raise ValueError(f"{rule.most} trials do not give {rule.digits} stable digits")


def _has_moment(inputs: Sequence[Input], order: int) -> bool:
    """Whether every t distribution among the inputs has a moment of that order (nu > order)."""
    return all(one.nu > order for one in inputs if one.u and one.distribution in {"normal", "t"})


def _scale(budget: Budget, values: Array) -> float:
    """Give u where it exists, else half of the half-width of the symmetric interval."""
    if values.min() == values.max():  # a mean of equal doubles may be off in its last bit
        return 0.0
    if _has_moment([row.input for row in budget.rows], 2):
        return float(values.std(ddof=1))
    low, high = _symmetric(*_tails(values, budget.p))
    return (high - low) / 4


def _tails(values: Array, p: float) -> tuple[Array, Array]:
    """Values that can be a lower and an upper end of an interval of share p, ascending.

    The interval from the i-th of the first to the i-th of the second holds that share of all
    (JCGM 101, 7.7). What lies between needs no order, which is most of the work.
    """
    import numpy as np

    inside = floor(p * len(values) + 0.5)
    outside = len(values) - inside
    parted = np.partition(values, (outside - 1, inside))
    return np.sort(parted[:outside]), np.sort(parted[inside:])


def _symmetric(lower: Array, upper: Array) -> tuple[float, float]:
    """Leave as many values out on either side (JCGM 101, 7.7.2)."""
    at = (len(lower) + 1) // 2 - 1
    return float(lower[at]), float(upper[at])


def _shortest(lower: Array, upper: Array) -> tuple[float, float]:
    """Of all intervals that hold the share, the shortest (JCGM 101, 7.7.4)."""
    at = int((upper - lower).argmin())
    return float(lower[at]), float(upper[at])


def _summary(values: Array, budget: Budget, seed: int) -> MonteCarlo:
    inputs = [row.input for row in budget.rows]
    scale = _scale(budget, values)
    decimals = _decimals(scale / sqrt(len(values)))
    tails = _tails(values, budget.p)
    low, high = (_cut(end, decimals) for end in _symmetric(*tails))
    shortest_low, shortest_high = (_cut(end, decimals) for end in _shortest(*tails))
    delta = tolerance(budget.u or _cut(scale, decimals))
    validated = budget.U is not None and (
        abs(budget.value - budget.U - low) <= delta
        and abs(budget.value + budget.U - high) <= delta
    )
    return MonteCarlo(
        trials=len(values),
        rng=RNG,
        seed=seed,
        mean=_cut(float(values.mean() if scale else values[0]), decimals)
        if _has_moment(inputs, 1)
        else None,
        u=_cut(scale, decimals) if _has_moment(inputs, 2) else None,
        symmetric=(low, high),
        shortest=(shortest_low, shortest_high),
        delta=delta,
        gum_validated=validated,
    )


def _decimals(error: float) -> int | None:
    """Decimals that a standard error supports; None: all, for there is no error."""
    return None if error == 0 else -floor(log10(error))


def _cut(value: float, decimals: int | None) -> float:
    # Adding 0.0 makes 0.0 of -0.0, which would read "-0".
    return value if decimals is None else round(value, decimals) + 0.0
