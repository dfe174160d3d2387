"""Whether the pairs of a staircase make a calibration, and the line with all of its uncertainty.

What is common to all pairs (gain and constant error of the meter) is no scatter: it is added to
the uncertainty of gain and offset as it is, never divided by a number of pairs. A meter whose
power is wrong by the ratio e makes a gain that is wrong by gain * e; one that is wrong by d W
makes an offset that is wrong by gain * d (JCGM 100:2008, 5.1 and F.1.2.4). An absolute error is
taken as the same at all powers; where it is not, a power inside the range still is no worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot, inf, sqrt

from host.evaluate.line import Line, line_through
from host.evaluate.student import P, coverage_factor
from host.handover.staircase import Pair, Steps

# Idle and a quarter, half, three quarters and all of the CPUs make five; below four a bend cannot
# be told from scatter.
MIN_LEVELS = 4
# Least span of the meter's power, of its largest: below it offset and gain are one number.
MIN_SPAN_RATIO = 0.1
# Limits of the gain: a source that sees less than a fifth or more than five times what the meter
# sees does not look at the same circuit. Our choice; a CPU rail beside a wall plug has 0.5 to 0.9.
MIN_GAIN, MAX_GAIN = 0.2, 5.0
# Largest scatter about the line, of the source's span: beyond it there is no line to speak of.
MAX_SCATTER_RATIO = 0.1
# Levels closer than this, of the span, need not rise: a boost clock makes the last ones alike.
CLOSE_RATIO = 0.05


@dataclass(frozen=True, slots=True)
class Common:
    """Of the meter, for all pairs alike: u of its gain (ratio) and of its power (W), and nu."""

    u_relative: float = 0.0
    u_w: float = 0.0
    nu: float = inf


@dataclass(frozen=True, slots=True)
class Judged:
    """line None: with the reason, `code: detail`. u, k: of gain and offset with all parts.

    residual_w: largest distance of a level's mean from the line.
    """

    reason: str = ""
    line: Line | None = None
    u_gain: float = 0.0
    u_offset_w: float = 0.0
    k_gain: float = 0.0
    k_offset: float = 0.0
    residual_w: float = 0.0


def judge(steps: Steps, common: Common) -> Judged:
    """The line through the pairs, or why there is none."""
    means = _means(steps.pairs)
    reason = _unfit(steps, means)
    if reason:
        return Judged(reason)
    pairs = steps.pairs
    try:
        line = line_through(
            [p.reference_w for p in pairs],
            [p.source_w for p in pairs],
            [_pooled([p.u_reference_w for p in pairs])] * len(pairs),
            [_pooled([p.u_source_w for p in pairs])] * len(pairs),
        )
    except ValueError as err:
        return Judged(f"no-line: {err}")
    reason = _odd(line, means)
    if reason:
        return Judged(reason)
    of_gain, of_offset = line.gain * common.u_relative, line.gain * common.u_w
    return Judged(
        line=line,
        u_gain=hypot(line.u_gain, of_gain),
        u_offset_w=hypot(line.u_offset, of_offset),
        k_gain=_factor((line.u_gain, line.nu), (of_gain, common.nu)),
        k_offset=_factor((line.u_offset, line.nu), (of_offset, common.nu)),
        residual_w=max(abs(y - line.offset - line.gain * x) for x, y in means.values()),
    )


def _pooled(noise_w: Sequence[float]) -> float:
    """The root mean square over the steps: each one's own rests on a few blocks and scatters.

    All pairs count alike then; what the noises decide is how much both axes do.
    """
    return sqrt(sum(u**2 for u in noise_w) / len(noise_w))


def effective(*parts: tuple[float, float]) -> float:
    """Degrees of freedom of the root sum of squares of (u, nu) by Welch and Satterthwaite.

    JCGM 100:2008, G.4.1. inf where nothing that is finite counts.
    """
    total = sum(u**2 for u, _ in parts)
    bottom = sum(u**4 / nu for u, nu in parts)
    return total**2 / bottom if bottom > 0 else inf


def _factor(*parts: tuple[float, float]) -> float:
    """t_p(nu_eff); nu not truncated, since both parts are known to more than whole numbers."""
    return coverage_factor(effective(*parts), P)


def _means(pairs: Sequence[Pair]) -> Mapping[float, tuple[float, float]]:
    """Mean powers of meter and source by level."""
    levels: dict[float, list[Pair]] = {}
    for pair in pairs:
        levels.setdefault(pair.level, []).append(pair)
    return {
        level: (
            sum(p.reference_w for p in own) / len(own),
            sum(p.source_w for p in own) / len(own),
        )
        for level, own in levels.items()
    }


def _unfit(steps: Steps, means: Mapping[float, tuple[float, float]]) -> str:
    """Why there is nothing to fit a line to, "" where there is."""
    if not steps.pairs:
        return f"no-pairs: {steps.dropped[0]}" if steps.dropped else "no-pairs: no step was played"
    if len(means) < MIN_LEVELS:
        return f"too-few-levels: {len(means)} of at least {MIN_LEVELS}"
    found = sorted(means.values())
    span, largest = found[-1][0] - found[0][0], found[-1][0]
    if span <= MIN_SPAN_RATIO * abs(largest):
        return (
            f"no-span: the meter's power goes from {found[0][0]:.4g} to {largest:.4g} W, less than"
            f" {MIN_SPAN_RATIO:.0%} of it"
        )
    shown = [y for _, y in found]
    if max(shown) == min(shown):
        return f"frozen: the source shows {shown[0]:.4g} W at every level"
    for (low, before), (high, after) in pairwise(found):
        if high - low > CLOSE_RATIO * span and after <= before:
            return (
                f"not-monotone: from {low:.4g} to {high:.4g} W by the meter the source goes from"
                f" {before:.4g} to {after:.4g} W"
            )
    return ""


def _odd(line: Line, means: Mapping[float, tuple[float, float]]) -> str:
    """Why a line is not believed, "" where it is."""
    if not MIN_GAIN <= line.gain <= MAX_GAIN:
        return (
            f"disagree: the source changes by {line.gain:.3g} W for each W of the meter,"
            f" {MIN_GAIN:g} to {MAX_GAIN:g} is believed; they do not look at the same circuit"
        )
    shown = [y for _, y in means.values()]
    if line.s > MAX_SCATTER_RATIO * (max(shown) - min(shown)):
        return (
            f"no-line: steps scatter by {line.s:.3g} W about the line, over"
            f" {MAX_SCATTER_RATIO:.0%} of the {max(shown) - min(shown):.3g} W that they span"
        )
    return ""
