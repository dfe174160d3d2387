from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.align.fit import Bracket, SteppedError, align, bracket

MS = 10**6
S = 10**9
DELAY = st.integers(1, 10_000_000)


def rows_of(offset: int, delays: list[tuple[int, int]], hold: int = 0) -> np.ndarray:
    """Exchanges a millisecond apart with these ways there and back."""
    rows, t = [], 0
    for there, back in delays:
        at = t + there + offset
        rows.append([t, at, at + hold, t + there + hold + back])
        t += there + hold + back + MS
    return np.array(rows, dtype=np.int64)


@given(
    offset=st.integers(-(10**15), 10**15),
    delays=st.lists(st.tuples(DELAY, DELAY), min_size=1, max_size=50),
    hold=st.integers(0, 10**6),
)
def test_the_true_offset_lies_within_the_bound_however_unequal_the_ways(
    offset: int, delays: list[tuple[int, int]], hold: int
) -> None:
    found = bracket(rows_of(offset, delays, hold))
    assert found.low_ns <= offset <= found.high_ns
    assert abs(found.offset_ns - offset) <= found.bound_ns
    assert found.rtt_min_ns == min(map(sum, delays))
    assert 2 * found.bound_ns <= found.rtt_min_ns + 1


def test_quick_ways_of_different_exchanges_narrow_the_interval_together() -> None:
    found = bracket(rows_of(1000, [(10_000, 20 * MS), (20 * MS, 10_000)]))
    assert found.bound_ns < 100_000  # half of the quickest round trip is a hundred times that
    assert abs(found.offset_ns - 1000) <= found.bound_ns


def test_known_exchange() -> None:
    # 4 ms out, 2 ms back, the device 1 s ahead: midpoint is off by half the difference.
    row = [[0, 1_004_000_000, 1_005_000_000, 7_000_000]]
    found = bracket(np.array(row, dtype=np.int64))
    assert found.offset_ns == 1_001_000_000
    assert found.bound_ns == 3_000_000
    assert (found.low_ns, found.high_ns) == (998_000_000, 1_004_000_000)


@given(rate=st.floats(-900e-6, 900e-6), seed=st.integers(0, 2**32 - 1))
def test_drift_inside_a_set_leaves_the_offset_within_the_bound(rate: float, seed: int) -> None:
    random, rows, t = Random(seed), [], 0  # noqa: S311 - delays, no secret
    for _ in range(30):
        there, back = random.randint(1, 50 * MS), random.randint(1, 50 * MS)
        device = round((t + there) * (1 + rate))
        rows.append([t, device, device, t + there + back])
        t += there + back
    found = bracket(np.array(rows, dtype=np.int64))
    true = found.at_ns * rate
    assert found.low_ns - 1 <= true <= found.high_ns + 1


def test_a_clock_that_jumps_among_exchanges_is_told() -> None:
    rows = rows_of(0, [(10, 10)] * 4)
    rows[2:, 1:3] += S
    with pytest.raises(SteppedError):
        bracket(rows)


@pytest.mark.parametrize("shape", [(0, 4), (3, 3)])
def test_no_exchange_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="shape"):
        bracket(np.zeros(shape, dtype=np.int64))


def one(at_ns: int, offset_ns: int, bound_ns: int = 1000) -> Bracket:
    return Bracket(at_ns, offset_ns - bound_ns, offset_ns + bound_ns, 2 * bound_ns, 2, 100)


def test_one_set_says_nothing_of_drift() -> None:
    found = align([one(5 * S, 300)])
    assert (found.offset_ns, found.bound_ns, found.drift_ppm) == (300, 1000, None)


def test_two_sets_give_the_line_between_them_and_its_bounds() -> None:
    found = align([one(100 * S, 4000 + 2 * MS), one(0, 4000, 500)])
    assert found.offset_ns == 4000 + MS
    assert found.drift_ppm == pytest.approx(20)
    assert found.drift_bound_ppm == pytest.approx(1500 / (100 * S) * 1e6)
    # 5 ppm of wander over half of 100 s beside the larger of both bounds.
    assert found.bound_ns == 1000 + 250_000
    assert found.problem == ""


def test_sets_between_make_the_share_of_wander_smaller() -> None:
    sets = [one(t * S, round(t * 20e-6 * S)) for t in (0, 25, 50, 75, 100)]
    assert align(sets).bound_ns == 1000 + round(5e-6 * 25 * S / 2)


def test_no_set_is_refused() -> None:
    with pytest.raises(ValueError, match="no set of exchanges"):
        align([])


@pytest.mark.parametrize(
    ("offsets", "problem"),
    [
        ((0, 0, 0), ""),
        ((0, 10 * MS, 20 * MS), ""),
        ((0, 9 * MS, 0), "bent"),
        ((0, 0, 200 * MS), "stepped"),
    ],
)
def test_what_no_drift_explains_is_a_problem(offsets: tuple[int, ...], problem: str) -> None:
    sets = [one(k * 100 * S, offset) for k, offset in enumerate(offsets)]
    assert align(sets).problem == problem
