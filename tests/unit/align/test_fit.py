from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.align.fit import fit_offset

DELAY = st.integers(1, 10_000_000)


@given(
    offset=st.integers(-(10**15), 10**15),
    there=st.lists(DELAY, min_size=1, max_size=50),
    back=DELAY,
    hold=st.integers(0, 10**6),
)
def test_the_true_offset_lies_within_the_bound(
    offset: int, there: list[int], back: int, hold: int
) -> None:
    rows, t = [], 0
    for delay in there:
        rows.append([t, t + delay + offset, t + delay + hold + offset, t + delay + hold + back])
        t += 10**9
    found = fit_offset(np.array(rows, dtype=np.int64))
    # The bound is that of the quickest exchange; near ones may be longer by the margin.
    assert abs(found.offset_ns - offset) <= found.bound_ns * 1.1 + 1
    assert found.rtt_min_ns == min(there) + back
    assert found.bound_ns == -(-found.rtt_min_ns // 2)


def test_slow_exchanges_do_not_count() -> None:
    quick = [[0, 105, 106, 11]] * 3
    slow = [[0, 1100, 1101, 1011]]
    found = fit_offset(np.array(quick + slow, dtype=np.int64))
    assert (found.used, found.count) == (3, 4)
    assert found.offset_ns == 100


def test_known_exchange() -> None:
    # 4 ms out, 2 ms back, the device 1 s ahead: midpoint is off by half the difference.
    row = [[0, 1_004_000_000, 1_005_000_000, 7_000_000]]
    found = fit_offset(np.array(row, dtype=np.int64))
    assert found.offset_ns == 1_001_000_000
    assert found.bound_ns == 3_000_000


@pytest.mark.parametrize("shape", [(0, 4), (3, 3)])
def test_no_exchange_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="shape"):
        fit_offset(np.zeros(shape, dtype=np.int64))
