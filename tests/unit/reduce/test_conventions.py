"""The relations between the peers' figures, and the worked table of one trace, many answers."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.conventions import DERIVED
from host.handover.trace import RequestTrace, Window
from host.reduce.conventions import convention_results, derive, geometric_mean
from host.reduce.coverage import CoverageError
from tests.fakes.traces import Shape, attempt, request, requests

spans_ns = st.integers(1, 10**10)
lengths = st.integers(2, 300)


def one(n: int) -> tuple[RequestTrace, ...]:
    """TTFT 0.80 s, true time per token 50 ms."""
    return requests([Shape(output_tokens=n, ttft_ns=800_000_000, tpot_ns=50_000_000)])


@pytest.mark.parametrize(
    ("n", "executorch", "guidellm", "end_to_end"),
    [(128, 20.2, 17.9, 17.9), (16, 21.3, 10.3, 10.3)],
)
def test_the_same_stamps_give_the_published_table_of_answers(
    n: int, executorch: float, guidellm: float, end_to_end: float
) -> None:
    asked = one(n)
    assert round(1 / derive("mlperf-inference.tpot", asked), 1) == 20.0
    assert round(derive("aiperf.user_rate", asked), 1) == 20.0
    assert round(derive("executorch.rate", asked), 1) == executorch
    assert round(1 / derive("guidellm.tpot", asked), 1) == guidellm
    assert round(derive("end-to-end.rate", asked), 1) == end_to_end


def test_two_prompts_at_10_and_20_give_three_rates_by_aggregation_alone() -> None:
    slow = Shape("a", tpot_ns=100_000_000, output_tokens=11)
    fast = Shape("b", tpot_ns=50_000_000, output_tokens=11)
    asked = requests([slow, fast])
    assert round(derive("aiperf.user_rate", asked), 1) == 15.0
    assert round(derive("mlperf-mobile.rate", asked), 1) == 13.3
    assert round(derive("mlperf-client.rate", asked), 1) == 14.1


@given(ttft=spans_ns, tpot=spans_ns, n=lengths)
def test_guidellm_tpot_spreads_the_first_token_over_all_n(ttft: int, tpot: int, n: int) -> None:
    asked = requests([Shape(ttft_ns=ttft, tpot_ns=tpot, output_tokens=n)])
    expected = (ttft + (n - 1) * tpot) * 1e-9 / n
    assert derive("guidellm.tpot", asked) == pytest.approx(expected, rel=1e-12)


@given(ttft=spans_ns, tpot=spans_ns, n=lengths)
def test_executorch_counts_n_tokens_over_n_minus_1_intervals(ttft: int, tpot: int, n: int) -> None:
    asked = requests([Shape(ttft_ns=ttft, tpot_ns=tpot, output_tokens=n)])
    expected = n / (n - 1) / (tpot * 1e-9)
    assert derive("executorch.rate", asked) == pytest.approx(expected, rel=1e-12)


@given(ttft=spans_ns, tpot=spans_ns, n=lengths)
def test_latency_is_ttft_plus_n_minus_1_tpot_for_mlperf(ttft: int, tpot: int, n: int) -> None:
    asked = requests([Shape(ttft_ns=ttft, tpot_ns=tpot, output_tokens=n)])
    latency = derive("mlperf-inference.ttft", asked) + (n - 1) * derive(
        "mlperf-inference.tpot", asked
    )
    assert n / latency == pytest.approx(derive("end-to-end.rate", asked), rel=1e-12)


@given(ttft=spans_ns, tpot=spans_ns, n=lengths)
def test_all_tools_agree_on_the_time_between_tokens_of_one_request(
    ttft: int, tpot: int, n: int
) -> None:
    asked = requests([Shape(ttft_ns=ttft, tpot_ns=tpot, output_tokens=n)])
    same = ("mlperf-inference.tpot", "aiperf.itl", "guidellm.itl", "vllm-bench.tpot")
    for name in (*same, "vllm-bench.itl"):
        assert derive(name, asked) == pytest.approx(tpot * 1e-9, rel=1e-9)


def staged() -> RequestTrace:
    """Every stamp apart: t0 0, ts 1, tokenized 2, prefill 3..7, ready 9, t 10 12 14, te 20 s."""
    s = 10**9
    made = request(Shape(prompt_tokens=40, output_tokens=3, ttft_ns=10 * s, tpot_ns=2 * s))
    tokens = replace(made.tokens, ready_ns=made.tokens.t_ns - s)
    return replace(
        made,
        start_ns=s,
        tokenized_ns=2 * s,
        prefill=Window(3 * s, 7 * s),
        end_ns=20 * s,
        tokens=tokens,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mlperf-inference.ttft", 10),
        ("mlperf-inference.tpot", 2),
        ("mlperf-inference.rate_without_overhead", 3 / 14),
        ("mlperf-inference.rate_completed", 3 / 14),
        ("mlperf-mobile.ttft", 9),
        ("mlperf-mobile.rate", 1 / 2.5),
        ("mlperf-client.ttft", 8),
        ("mlperf-client.rate", 2 / 10),
        ("aiperf.ttft", 9),
        ("aiperf.ttst", 2),
        ("aiperf.itl", 2),
        ("aiperf.user_rate", 0.5),
        ("aiperf.prefill_rate", 40 / 9),
        ("aiperf.system_rate", 3 / 13),
        ("guidellm.tpot", 13 / 3),
        ("guidellm.itl", 2),
        ("executorch.rate", 3 / 7),
        ("llama-bench.pp", 10),
        ("llama-bench.tg", 0.5),
        ("vllm-bench.ttft", 9),
        ("vllm-bench.tpot", 2),
        ("vllm-bench.itl", 2),
        ("vllm-bench.system_rate", 3 / 19),
        ("optimum-benchmark.decode_rate", 2 / 10),
        ("end-to-end.rate", 3 / 14),
    ],
)
def test_each_convention_starts_and_stops_at_its_own_stamps(name: str, expected: float) -> None:
    assert derive(name, (staged(),)) == pytest.approx(expected, rel=1e-12)


def test_system_rates_run_from_the_first_start_to_the_last_end() -> None:
    asked = requests([Shape(output_tokens=3, ttft_ns=10**9, tpot_ns=10**9)] * 2)
    later = (asked[0], replace(asked[1], end_ns=asked[1].end_ns + 6 * 10**9))
    assert derive("aiperf.system_rate", later) == pytest.approx(6 / 6)
    assert derive("vllm-bench.system_rate", later) == pytest.approx(6 / 12)


def test_one_trace_has_three_token_throughputs_in_loadgen() -> None:
    """The quarrel of mobile_app_open#1121: what a token rate is divided by."""
    asked = requests([Shape(output_tokens=3, ttft_ns=10**9, tpot_ns=10**9)] * 2)
    first, last = asked
    assert (last.scheduled_ns - first.scheduled_ns, last.tokens.t_ns[-1]) == (3 * 10**9, 6 * 10**9)
    assert derive("mlperf-inference.rate_with_overhead", asked) == pytest.approx(6 / 3)
    assert derive("mlperf-inference.rate_without_overhead", asked) == pytest.approx(6 / (3 * 2))
    assert derive("mlperf-inference.rate_completed", asked) == pytest.approx(6 / 6)
    with pytest.raises(CoverageError, match="not-resolvable"):
        derive("mlperf-inference.rate_with_overhead", asked[:1])


def test_a_pooled_mean_weighs_intervals_and_a_mean_of_means_weighs_requests() -> None:
    shapes = [Shape(tpot_ns=10**9, output_tokens=2), Shape(tpot_ns=2 * 10**9, output_tokens=4)]
    asked = requests(shapes)
    assert derive("vllm-bench.itl", asked) == pytest.approx(7 / 4)
    assert derive("vllm-bench.tpot", asked) == pytest.approx(3 / 2)


def test_client_rate_averages_an_item_before_it_multiplies_items() -> None:
    shapes = [Shape(i, tpot_ns=t, output_tokens=11) for i, t in (("a", 10**8), ("a", 5 * 10**7))]
    other = Shape("b", tpot_ns=5 * 10**7, output_tokens=11)
    found = derive("mlperf-client.rate", requests([*shapes, other]))
    assert found == pytest.approx((15 * 20) ** 0.5)


def test_every_definition_is_derived_under_its_own_name() -> None:
    found = convention_results([attempt(requests([Shape(), Shape()]))])
    assert [o.measurand for o in found] == list(DERIVED)
    assert all(len(o.by_attempt) == 1 and o.unit for o in found)


def test_one_output_token_leaves_a_reason_where_a_second_is_needed() -> None:
    found = convention_results([attempt(requests([Shape(output_tokens=1)]))])
    missing = {o.measurand for o in found if "too-few-tokens" in o.missing}
    assert "convention:mlperf-inference.tpot" in missing
    assert "convention:aiperf.ttst" in missing
    assert "convention:vllm-bench.itl" in missing
    assert "convention:mlperf-inference.ttft" not in missing


def test_tokens_without_time_between_them_have_no_rate() -> None:
    with pytest.raises(CoverageError, match="not-resolvable"):
        derive("aiperf.user_rate", requests([Shape(tpot_ns=0)]))


def test_no_request_gives_no_figure() -> None:
    with pytest.raises(CoverageError, match="no-scored-request"):
        derive("aiperf.ttft", ())


def test_a_geometric_mean_is_refused_for_values_that_are_not_above_zero() -> None:
    assert geometric_mean([2.0, 8.0]) == pytest.approx(4.0)
    with pytest.raises(CoverageError, match="above 0"):
        geometric_mean([1.0, 0.0])
