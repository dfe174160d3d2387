"""When a campaign looks, when it has warmed up, and what a claim takes."""

from __future__ import annotations

import pytest

from host.campaign.stopping import blocks_for, claim_level, look, looks, stable
from host.handover.campaign import StopRule, WarmUpRule

STOP = StopRule("decode_rate", "ratio", 0.02, 6, 20)
WARM = WarmUpRule(window=3, relative_spread=0.02, relative_slope=0.02, max=9)


def test_it_looks_at_min_its_doublings_and_max_and_pays_for_each() -> None:
    assert looks(STOP, 2) == (6, 12, 20)
    assert claim_level(STOP, 2) == pytest.approx(0.05 / 3)
    assert looks(StopRule("decode_rate", "ratio", 0.02, 8, 8), 2) == (8,)
    assert looks(StopRule("decode_rate", "ratio", 0.02, 9, 30), 3) == (9, 18, 30)


def test_between_looks_nothing_ends_however_narrow_it_is() -> None:
    assert look(STOP, 2, 8, [0.0001]) is None
    now = look(STOP, 2, 12, [0.01, 0.03])
    assert now is not None
    assert (now.widest, now.ends) == (0.03, "")
    assert look(STOP, 2, 12, [0.01, 0.02]).ends == "precision"  # type: ignore[union-attr]
    assert look(STOP, 2, 20, [0.03]).ends == "cap"  # type: ignore[union-attr]
    assert look(STOP, 2, 20, []).ends == "cap"  # type: ignore[union-attr]


def test_warm_is_what_neither_spreads_nor_leans() -> None:
    assert stable([100, 100.5, 99.8], WARM)
    assert stable([80, 100, 100.5, 99.8], WARM)
    assert not stable([100, 100], WARM)
    assert not stable([100, 95, 105], WARM)
    assert not stable([101.2, 100, 98.8], WARM)  # spreads by 1.2 %, leans by 2.4 %


def test_a_number_of_blocks_is_a_little_above_that_of_students_t() -> None:
    # G*Power 3.1, paired t test, two-sided 5 %: d = 0.5 takes 44 pairs for a power of 0.90. The
    # widening for autocorrelation, which noise alone brings about now and then, takes two more.
    spread = 0.04
    difference = 2.718281828459045 ** (0.5 * spread) - 1
    assert 44 < blocks_for(difference, spread, unit=2) / 2 <= 47
    assert blocks_for(0.02, 0.002, unit=2) == 2 * 3
    assert blocks_for(1e-6, 0.1) == 10_000
    with pytest.raises(ValueError, match="above zero"):
        blocks_for(0.0, spread)
