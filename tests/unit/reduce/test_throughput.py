from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import Window
from host.reduce.coverage import CoverageError
from host.reduce.sustained import sustained_ratio
from host.reduce.throughput import decode_rate, output_byte_rate, prefill_rate
from tests.fakes.traces import Shape, request, requests

shapes = st.builds(
    Shape,
    prompt_tokens=st.integers(1, 4096),
    output_tokens=st.integers(2, 64),
    ttft_ns=st.integers(1, 10**10),
    tpot_ns=st.integers(1, 10**9),
)


@given(tpot=st.integers(1, 10**9), n=st.integers(2, 500))
def test_decode_rate_does_not_count_the_first_token(tpot: int, n: int) -> None:
    rate = decode_rate((request(Shape(tpot_ns=tpot, output_tokens=n)),)).value
    assert rate == pytest.approx(1e9 / tpot, rel=1e-12)


def test_decode_rate_is_a_ratio_of_sums_and_not_a_mean_of_rates() -> None:
    slow = Shape(tpot_ns=100_000_000, output_tokens=11)  # 10 token/s for 1 s
    fast = Shape(tpot_ns=50_000_000, output_tokens=61)  # 20 token/s for 3 s
    assert decode_rate(requests([slow, fast])).value == pytest.approx(70 / 4)


def test_decode_rate_says_how_many_tokens_are_behind_it() -> None:
    assert decode_rate(requests([Shape(output_tokens=5), Shape(output_tokens=7)])).count == 10


def test_prefill_rate_is_prompt_tokens_over_the_prefill_window() -> None:
    made = request(Shape(prompt_tokens=300, ttft_ns=2 * 10**9))
    half = replace(made, prefill=Window(made.prefill.start_ns, made.prefill.start_ns + 10**9))
    assert prefill_rate((half,)).value == pytest.approx(300)
    assert prefill_rate((half, made)).value == pytest.approx(600 / 3)


def test_bytes_of_the_first_token_are_not_in_the_byte_rate() -> None:
    made = request(Shape(output_tokens=3, tpot_ns=500_000_000))
    tokens = replace(made.tokens, size_bytes=np.array([100, 3, 5]))
    assert output_byte_rate((replace(made, tokens=tokens),)).value == pytest.approx(8.0)


@given(st.lists(shapes, min_size=1, max_size=4), st.integers(0, 2**60))
def test_rates_do_not_depend_on_order_or_on_when_it_was(asked: list[Shape], t0: int) -> None:
    expected = [r(requests(asked)).value for r in (decode_rate, prefill_rate, output_byte_rate)]
    for order in permutations(asked):
        made = requests(order, t0_ns=t0)
        found = [r(made).value for r in (decode_rate, prefill_rate, output_byte_rate)]
        assert found == pytest.approx(expected, rel=1e-12)


def test_a_request_with_one_token_gives_no_decode_rate() -> None:
    with pytest.raises(CoverageError, match="too-few-tokens"):
        decode_rate((request(Shape(output_tokens=1)),))


def test_no_request_gives_no_rate() -> None:
    for rate in (decode_rate, prefill_rate, output_byte_rate):
        with pytest.raises(CoverageError, match="no-scored-request"):
            rate(())


def test_no_time_between_stamps_gives_no_rate_and_not_infinity() -> None:
    with pytest.raises(CoverageError, match="not-resolvable"):
        decode_rate((request(Shape(tpot_ns=0)),))
    with pytest.raises(CoverageError, match="not-resolvable"):
        prefill_rate((request(Shape(ttft_ns=0)),))


def test_steady_decoding_sustains_all_of_its_rate() -> None:
    assert sustained_ratio(requests([Shape(output_tokens=41)])).value == pytest.approx(1.0)


def test_sustained_ratio_compares_the_last_quarter_with_the_first() -> None:
    first, last = Shape(output_tokens=5, tpot_ns=10), Shape(output_tokens=5, tpot_ns=40)
    found = sustained_ratio(requests([first, last]))
    assert found.value == pytest.approx(0.25)
    assert found.count == 4  # floor(8 / 4) intervals at each end


def test_the_middle_does_not_matter_to_the_sustained_ratio() -> None:
    ends = Shape(output_tokens=3, tpot_ns=10)
    middle = Shape(output_tokens=5, tpot_ns=10**9)
    assert sustained_ratio(requests([ends, middle, ends])).value == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("tokens", "windows"), [((5, 5, 5, 5), 1), ((41,), 1), ((2, 2, 9, 9), 3), ((9, 9, 2, 2), 3)]
)
def test_the_ends_of_a_sustained_ratio_lie_in_few_requests(
    tokens: tuple[int, ...], windows: int
) -> None:
    asked = requests([Shape(output_tokens=n) for n in tokens])
    late = tuple(
        replace(r, tokens=replace(r.tokens, ready_ns=r.tokens.t_ns - 1000)) for r in asked
    )
    found = sustained_ratio(late).basis
    assert found is not None
    assert found.windows == windows
    assert found.late_s == pytest.approx(windows * 1e-6)


def test_three_intervals_have_no_quarters() -> None:
    with pytest.raises(CoverageError, match="too-few-tokens"):
        sustained_ratio(requests([Shape(output_tokens=4)]))
    assert sustained_ratio(requests([Shape(output_tokens=5)])).count == 2


def test_a_last_quarter_without_time_gives_no_ratio() -> None:
    with pytest.raises(CoverageError, match="not-resolvable"):
        sustained_ratio(requests([Shape(output_tokens=9, tpot_ns=0)]))
