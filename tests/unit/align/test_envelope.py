"""Sample numbers to the host's clock, by the arrivals that were least late."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.align.envelope import fitted, hidden

S = 1_000_000_000
PERIOD_NS = 10_000.0
EACH = 5_000  # samples between two arrivals: 20 a second


def arrivals(ppm: float, seconds: int, late_ns: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and arrivals of a clock so much off; late by so much on average, 30 us at least."""
    rng = np.random.default_rng(seed)
    x = np.arange(1, seconds * 20 + 1, dtype=np.int64) * EACH
    late = 30_000 + rng.exponential(late_ns, len(x))
    return x, (S + x * PERIOD_NS * (1 + ppm * 1e-6) + late).astype(np.int64)


@given(
    ppm=st.floats(-200, 200),
    seconds=st.integers(1, 120),
    late_ns=st.floats(1e3, 3e6),
    seed=st.integers(0, 2**32),
)
def test_every_sample_was_taken_within_what_the_fit_says(
    ppm: float, seconds: int, late_ns: float, seed: int
) -> None:
    x, t_ns = arrivals(ppm, seconds, late_ns, seed)
    fit = fitted(x, t_ns, PERIOD_NS)
    true_ns = S + x * PERIOD_NS * (1 + ppm * 1e-6)
    off = true_ns - fit.host_ns(x)
    # Before the line by the smallest delay of the link at most, after it by the width; the short
    # ones keep the nominal rate, which is off by as much as the clock is.
    kept_rate_ns = abs(ppm) * 1e-6 * 2 * S
    assert off.max() <= fit.width_ns + kept_rate_ns + 5  # whole ns, and doubles
    assert (t_ns >= fit.host_ns(x) - 1).all()


def test_the_rate_of_a_clock_is_found() -> None:
    x, t_ns = arrivals(50, 60, 1e6, 7)
    assert fitted(x, t_ns, PERIOD_NS).slope == pytest.approx(PERIOD_NS * 1.00005, rel=2e-6)


def test_a_clock_that_bends_widens_the_bound() -> None:
    x, t_ns = arrivals(0, 60, 1e5, 7)
    bent = t_ns + np.rint(3e6 * np.sin(x / x[-1] * np.pi)).astype(np.int64)
    assert fitted(x, bent, PERIOD_NS).width_ns > 2_000_000


@pytest.mark.parametrize("units", [0, 1, 40, 1500])
@pytest.mark.parametrize("ppm", [-100.0, 100.0])
def test_a_loss_of_whole_counters_shows_in_the_arrivals(units: int, ppm: float) -> None:
    x, t_ns = arrivals(ppm, 20, 1e5, 3)
    at = 201
    t_ns[at:] += round(units * 64 * PERIOD_NS)
    found, _ = hidden(x, t_ns, [at], PERIOD_NS, 64)
    assert found == ([(at, units * 64)] if units else [])


def test_what_a_stopped_host_takes_late_is_no_loss() -> None:
    x, t_ns = arrivals(20, 20, 1e5, 3)
    at = 200
    # A second in which nothing is taken, and then all of it at once.
    held = (t_ns > t_ns[at]) & (t_ns < t_ns[at] + S)
    t_ns[held] = t_ns[at] + S
    assert hidden(x, t_ns, [], PERIOD_NS, 64)[0] == []
