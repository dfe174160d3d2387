"""Decimation keeps what the eye must not miss: extremes, ends and gaps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import FloatArray, IntArray, Window
from host.report.decimate import decimate

NO_GAPS = np.zeros(0, dtype=np.int64)


@st.composite
def recorded(draw: st.DrawFn) -> tuple[IntArray, FloatArray, IntArray]:
    """Ascending times, values, and gaps anywhere around them."""
    steps = draw(st.lists(st.integers(0, 50), min_size=1, max_size=400))
    times = np.cumsum(np.array(steps, dtype=np.int64))
    finite = st.floats(-1e12, 1e12, allow_nan=False)
    values = draw(st.lists(finite, min_size=len(steps), max_size=len(steps)))
    gaps = draw(st.lists(st.integers(0, int(times[-1]) + 1), max_size=60))
    return times, np.array(values), np.array(gaps, dtype=np.int64)


@given(recorded(), st.integers(1, 60))
def test_no_extreme_of_any_bin_is_lost(
    given_: tuple[IntArray, FloatArray, IntArray], bins: int
) -> None:
    times, values, gaps = given_
    over = Window(int(times[0]), int(times[-1]) + 1)
    kept = decimate(times, values, gaps, bins=bins, over=over)
    bin_of = (times - over.start_ns) * bins // (over.end_ns - over.start_ns)
    drawn_bins, drawn = bin_of[kept.index], values[kept.index]
    for place in set(bin_of.tolist()):
        inside = values[bin_of == place]
        shown = drawn[drawn_bins == place]
        assert (shown.min(), shown.max()) == (inside.min(), inside.max())


@given(recorded(), st.integers(1, 60))
def test_no_line_is_drawn_across_a_gap(
    given_: tuple[IntArray, FloatArray, IntArray], bins: int
) -> None:
    times, values, gaps = given_
    kept = decimate(times, values, gaps, bins=bins, over=Window(0, int(times[-1]) + 1))
    shown = times[kept.index]
    for left, right, broken in zip(shown, shown[1:], kept.broken, strict=False):
        assert bool(broken) == bool(((gaps > left) & (gaps <= right)).any())


@given(recorded(), st.integers(1, 60))
def test_kept_samples_are_few_ascending_and_hold_both_ends(
    given_: tuple[IntArray, FloatArray, IntArray], bins: int
) -> None:
    times, values, gaps = given_
    kept = decimate(times, values, gaps, bins=bins, over=Window(0, int(times[-1]) + 1))
    assert len(kept) <= min(len(times), 2 * bins + 2)
    assert np.all(np.diff(kept.index) > 0)
    assert (kept.index[0], kept.index[-1]) == (0, len(times) - 1)
    assert len(kept.broken) == len(kept.index)


def test_a_short_series_is_kept_whole() -> None:
    times = np.arange(10, dtype=np.int64)
    kept = decimate(times, times.astype(np.float64), NO_GAPS, bins=4, over=Window(0, 10))
    assert kept.index.tolist() == list(range(10))
    assert not kept.broken.any()


def test_an_empty_series_stays_empty() -> None:
    kept = decimate(NO_GAPS, np.zeros(0), NO_GAPS, bins=4, over=Window(0, 0))
    assert len(kept) == 0
    assert len(kept.broken) == 0


def test_one_spike_among_a_million_samples_is_kept() -> None:
    times = np.arange(1_000_000, dtype=np.int64) * 1_000_000
    values = np.zeros(1_000_000)
    values[765_432] = 1.0
    kept = decimate(times, values, NO_GAPS, bins=500, over=Window(0, int(times[-1])))
    assert 765_432 in kept.index.tolist()
    assert len(kept) <= 1002
