from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import Window
from host.reduce.coverage import CoverageError
from host.reduce.latency import (
    inter_token_intervals_s,
    load_time,
    mean_request_latency,
    mean_time_to_first_token,
    pooled_intervals_s,
    request_latency_s,
    time_to_first_token_s,
)
from tests.fakes.traces import Shape, attempt, request, requests

spans_ns = st.integers(1, 10**10)


def test_first_token_time_counts_from_the_scheduled_arrival_so_a_queue_is_in_it() -> None:
    queued = replace(request(Shape(ttft_ns=800_000_000)), scheduled_ns=-200_000_000)
    assert time_to_first_token_s(queued) == pytest.approx(1.0)


def test_latency_ends_at_the_last_token_and_not_when_the_call_returns() -> None:
    plain = request(Shape(output_tokens=3, ttft_ns=10**9, tpot_ns=10**8))
    assert request_latency_s(replace(plain, end_ns=plain.end_ns + 10**9)) == pytest.approx(1.2)


@given(ttft=spans_ns, tpot=spans_ns, n=st.integers(2, 200), t0=st.integers(0, 2**60))
def test_latency_is_first_token_time_plus_n_minus_1_intervals_at_any_t0(
    ttft: int, tpot: int, n: int, t0: int
) -> None:
    made = request(Shape(ttft_ns=ttft, tpot_ns=tpot, output_tokens=n), t0_ns=t0)
    expected = (ttft + (n - 1) * tpot) * 1e-9
    assert request_latency_s(made) == pytest.approx(expected, rel=1e-12)


def test_there_is_one_interval_less_than_tokens() -> None:
    assert (
        inter_token_intervals_s(request(Shape(output_tokens=4, tpot_ns=5))).tolist()
        == [pytest.approx(5e-9)] * 3
    )


def test_a_request_with_one_token_has_no_interval() -> None:
    assert len(inter_token_intervals_s(request(Shape(output_tokens=1)))) == 0


def test_pooled_intervals_do_not_reach_from_one_request_into_the_next() -> None:
    shapes = [Shape(output_tokens=3, tpot_ns=10), Shape(output_tokens=2, tpot_ns=20)]
    pooled = pooled_intervals_s(requests(shapes))
    assert np.rint(pooled * 1e9).tolist() == [10, 10, 20]


def test_pooled_intervals_of_no_request_are_an_empty_array() -> None:
    assert len(pooled_intervals_s(())) == 0


def test_times_of_an_attempt_are_means_over_its_requests() -> None:
    shapes = [
        Shape(ttft_ns=10**9, tpot_ns=10**8, output_tokens=2),
        Shape(ttft_ns=3 * 10**9, tpot_ns=10**8, output_tokens=4),
    ]
    asked = requests(shapes)
    assert mean_time_to_first_token(asked).value == pytest.approx(2.0)
    assert mean_request_latency(asked).value == pytest.approx((1.1 + 3.3) / 2)
    assert mean_time_to_first_token(asked).count == 2


def test_a_request_without_output_has_no_first_token_time() -> None:
    with pytest.raises(CoverageError, match="too-few-tokens"):
        time_to_first_token_s(request(Shape(output_tokens=0)))


def test_an_attempt_without_scored_requests_gives_no_mean() -> None:
    with pytest.raises(CoverageError, match="no-scored-request"):
        mean_time_to_first_token(())
    with pytest.raises(CoverageError, match="no-scored-request"):
        mean_request_latency(())


def test_load_time_is_the_length_of_the_load_window() -> None:
    loaded = replace(attempt(), load=Window(5, 1_500_000_005))
    assert load_time(loaded).value == pytest.approx(1.5)
    assert load_time(loaded).count == 1


def test_a_load_that_never_ended_has_no_time() -> None:
    with pytest.raises(CoverageError, match="load-not-recorded"):
        load_time(attempt())


def test_the_latency_of_one_token_ends_with_it() -> None:
    assert request_latency_s(request(Shape(output_tokens=1, ttft_ns=10**9))) == pytest.approx(1.0)
