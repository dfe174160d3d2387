"""Gain and offset with a meter whose error is common to all steps; what is no calibration."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from host.evaluate.transfer import Common, judge
from host.handover.staircase import Pair, Steps

GAIN, OFFSET_W = 0.93, 0.4
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)


def steps(source: Callable[[float], float], levels: tuple[float, ...] = LEVELS) -> Steps:
    """Up and down over powers of 6 to 14 W by the meter."""
    at = [(level, 6 + 8 * level) for level in (*levels, *reversed(levels))]
    return Steps(tuple(Pair(1, lv, w, source(w), 0.01, 0.01) for lv, w in at), (), 0.0, 20.0)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """2,000 benches, each with one meter: its gain error of 0.3 % is in all of its readings."""
    draw = np.random.default_rng(20261127)
    trials, u_relative, noise_w = 2000, 0.003, 0.03
    held = np.zeros(2)
    for _ in range(trials):
        error = 1 + draw.normal() * u_relative
        pairs = []
        for level in (*LEVELS, *reversed(LEVELS)):
            true_w = 6 + 8 * level
            shown = true_w / error + draw.normal() * noise_w
            own = GAIN * true_w + OFFSET_W + draw.normal() * noise_w
            pairs.append(Pair(1, level, shown, own, noise_w, noise_w))
        found = judge(Steps(tuple(pairs), (), 6, 14), Common(u_relative, 0.0))
        assert found.line is not None
        held += (
            abs(found.line.gain - GAIN) <= found.k_gain * found.u_gain,
            abs(found.line.offset - OFFSET_W) <= found.k_offset * found.u_offset_w,
        )
    assert (held / trials >= 0.94).all(), held / trials
    assert (held / trials <= 0.96).all(), held / trials


def test_the_meters_uncertainty_is_not_averaged_down() -> None:
    few = judge(steps(lambda w: GAIN * w + OFFSET_W), Common(0.01, 0.02))
    many = steps(lambda w: GAIN * w + OFFSET_W)
    more = judge(Steps(many.pairs * 50, (), 6, 14), Common(0.01, 0.02))
    assert few.u_gain == pytest.approx(GAIN * 0.01)
    assert more.u_gain == pytest.approx(few.u_gain)
    assert more.u_offset_w == pytest.approx(GAIN * 0.02)


def test_a_bent_characteristic_shows_in_u() -> None:
    straight = judge(steps(lambda w: GAIN * w + OFFSET_W), Common())
    bent = judge(steps(lambda w: GAIN * w + OFFSET_W + 0.02 * (w - 10) ** 2), Common())
    assert straight.residual_w < 1e-9
    assert bent.residual_w > 0.1
    assert bent.u_gain > 1000 * straight.u_gain


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Steps((), ("step-too-short: 1 s",), 0, 0), "no-pairs: step-too-short: 1 s"),
        (Steps((), (), 0, 0), "no-pairs: no step"),
        (steps(lambda w: w, (0.0, 0.5, 1.0)), "too-few-levels: 3"),
        (steps(lambda w: w, (0.5, 0.51, 0.52, 0.53)), "no-span"),
        (steps(lambda _: 7.5), "frozen: the source shows 7.5 W"),
        (steps(lambda w: abs(w - 10)), "not-monotone"),
        (steps(lambda w: 20 - w), "not-monotone"),
        (steps(lambda w: 0.1 * w), "disagree"),
        (steps(lambda w: 6 * w), "disagree"),
        (steps(lambda w: w + (9 if w > 9 else 0)), "no-line"),
    ],
)
def test_what_is_no_calibration_is_refused_with_its_reason(found: Steps, code: str) -> None:
    refused = judge(found, Common())
    assert refused.line is None
    assert refused.reason.startswith(code)
