"""Figures over windows, each with its standard error. Pure.

Positions of one window hang together, windows do less: the unit of every standard error is the
window. Means: s / sqrt(W) of the window means (all windows have the same number of rows). Ratios
of exponentials: the delta method on that. The 99th percentile: bootstrap of whole windows,
which sees the spread between W windows too small by sqrt((W - 1) / W).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64

from host.fidelity.divergence import WindowScore
from host.handover import fidelity as names
from host.handover.fidelity import ERROR_RULES, Language
from host.handover.text import Txt

FloatArray = npt.NDArray[np.float64]
P99 = 0.99
# Efron and Tibshirani, An Introduction to the Bootstrap (1993), 6.4: 200 are enough for a
# standard error; more cost little here.
RESAMPLES = 500
SEED = 1
# A standard error of two or three windows says next to nothing, of one nothing at all.
MIN_WINDOWS = 2
# Exponentials differ in their last bits between processors; a record is redone to the byte on any.
DIGITS = 10

OF_MEANS = Txt(
    "s / √W，W 个窗口均值的标准差 s", "s / sqrt(W), s: standard deviation of W window means"
)
DELTA = Txt(
    "增量法：值乘以对数均值的 s / √W", "delta method: value times s / sqrt(W) of the log mean"
)
BOOTSTRAP = Txt(
    f"整窗自助法，{RESAMPLES} 次重抽样，PCG64，种子 {SEED}",
    f"bootstrap of whole windows, {RESAMPLES} resamples, PCG64, seed {SEED}",
)
CORRECTED = Txt(f"{BOOTSTRAP.zh}，乘以 √(W / (W - 1))", f"{BOOTSTRAP.en}, times sqrt(W / (W - 1))")
OF_REQUESTS = Txt("s / √n，n 个请求的标准差 s", "s / sqrt(n), s: standard deviation of n requests")
OF_ITEMS = Txt(
    "s / √n，n 个请求的标准差 s，各请求取全部次测量的均值",
    "s / sqrt(n), s: standard deviation of n requests, each the mean of its attempts",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure before it is written down. u None: too few windows for a standard error."""

    measurand: str
    language: Language
    value: float
    u: float | None
    n: int
    positions: int
    u_rule: Txt


def figures_of(windows: Sequence[WindowScore], rules: int = ERROR_RULES) -> tuple[Figure, ...]:
    """All figures, for both languages together and, where there are two, for each alone.

    rules: those of the standard errors (`ErrorRules`).
    """
    found = list(_figures("all", windows, rules))
    languages = sorted({window.language for window in windows})
    for language in languages if len(languages) > 1 else ():
        chosen = [window for window in windows if window.language == language]
        found += _figures("zh" if language == "zh" else "en", chosen, rules)
    return tuple(found)


def _figures(language: Language, windows: Sequence[WindowScore], rules: int) -> Iterator[Figure]:
    if not windows:
        return
    count, positions = len(windows), sum(len(window) for window in windows)

    def made(measurand: str, value: float, u: float | None, rule: Txt) -> Figure:
        return Figure(measurand, language, _short(value), _shorter(u), count, positions, rule)

    def mean(pick: Callable[[WindowScore], npt.NDArray[Any]]) -> tuple[float, float | None]:
        return mean_and_error([float(np.mean(pick(window))) for window in windows])

    yield made(names.KL_MEAN, *mean(lambda w: w.kl), OF_MEANS)
    percentile, spread = _p99([w.kl for w in windows])
    if rules < ERROR_RULES:
        yield made(names.KL_P99, percentile, spread, BOOTSTRAP)
    else:
        yield made(names.KL_P99, percentile, _corrected(spread, count), CORRECTED)
    yield made(names.TOP1, *mean(lambda w: w.agrees), OF_MEANS)
    yield made(names.RATIO, *_exp(mean(lambda w: w.nll - w.reference_nll)), DELTA)
    yield made(names.PERPLEXITY, *_exp(mean(lambda w: w.nll)), DELTA)
    yield made(names.REFERENCE_PERPLEXITY, *_exp(mean(lambda w: w.reference_nll)), DELTA)


def greedy_figures(
    groups: Sequence[Sequence[float]], tokens: int, rules: int = ERROR_RULES
) -> tuple[Figure, ...]:
    """Of the shares of equal prefix. groups: those of one request, an attempt each.

    Attempts are greedy and answer alike: they are one observation of a request, not several.
    tokens: all that were compared. rules: those of the standard errors (`ErrorRules`).
    """
    if not groups:
        return ()
    parts = [sum(shares) / len(shares) for shares in groups]
    whole = [sum(share >= 1.0 for share in shares) / len(shares) for shares in groups]
    rule = OF_ITEMS if rules >= ERROR_RULES else OF_REQUESTS
    return tuple(
        Figure(name, "all", _short(value), _shorter(u), len(groups), tokens, rule)
        for name, (value, u) in (
            (names.GREEDY, mean_and_error(parts)),
            (names.GREEDY_WHOLE, mean_and_error(whole)),
        )
    )


def equal_share(reference: Sequence[int], tested: Sequence[int]) -> float:
    """How much of an output is the reference's, up to the first difference: 0 to 1.

    Over the shorter of the two, since one may have been asked for more. Works on ids and bytes.
    """
    length = min(len(reference), len(tested))
    if not length:
        return 0.0
    pairs = zip(reference, tested, strict=False)
    equal = next((i for i, (a, b) in enumerate(pairs) if a != b), length)
    return equal / length


def mean_and_error(values: Sequence[float]) -> tuple[float, float | None]:
    """Mean and s / sqrt(n); no error for a single value."""
    mean = sum(values) / len(values)
    if len(values) < MIN_WINDOWS:
        return mean, None
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    return mean, sqrt(variance / len(values))


def _exp(found: tuple[float, float | None]) -> tuple[float, float | None]:
    """The exponential of a mean, its error by the delta method."""
    mean, u = found
    value = exp(min(mean, 700.0))  # beyond it a double overflows; no gate lets that through
    return value, None if u is None else value * u


def _p99(windows: Sequence[FloatArray]) -> tuple[float, float | None]:
    value = float(np.quantile(np.concatenate(windows), P99))
    if len(windows) < MIN_WINDOWS:
        return value, None
    words = PCG64(SEED).random_raw(RESAMPLES * len(windows))
    picks = (words % np.uint64(len(windows))).astype(np.int64).reshape(RESAMPLES, -1)
    drawn = [float(np.quantile(np.concatenate([windows[i] for i in row]), P99)) for row in picks]
    centre = sum(drawn) / RESAMPLES
    return value, sqrt(sum((each - centre) ** 2 for each in drawn) / (RESAMPLES - 1))


def _corrected(u: float | None, count: int) -> float | None:
    """The spread that resampling shows is too small by sqrt((W - 1) / W).

    It takes the W windows for all that there are: its variance has the divisor W where that of a
    sample has W - 1 (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 5.3).
    """
    return None if u is None else u * sqrt(count / (count - 1))


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _shorter(value: float | None) -> float | None:
    return None if value is None else _short(value)
