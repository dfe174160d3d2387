from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.runner_figures import PERF_STEP_NS, PerfTimes, bench_tests, perf_times

DATA = Path(__file__).parents[2] / "data/native"
BENCH = (DATA / "llama-bench.jsonl").read_bytes()
COMPLETION = (DATA / "llama-completion.log").read_bytes()


def test_llama_bench_gives_its_tests_with_every_sample() -> None:
    prefill, decode = bench_tests(BENCH)
    assert (prefill.prompt_tokens, prefill.output_tokens) == (16, 0)
    assert prefill.samples_ns == (250795413, 909877349, 247044697)
    assert (decode.prompt_tokens, decode.output_tokens, decode.depth) == (0, 8, 0)
    assert decode.build == "Debian 11669"


def test_rates_from_samples_agree_with_what_llama_bench_states() -> None:
    for test in bench_tests(BENCH):
        assert sum(test.rates) / len(test.rates) == pytest.approx(test.stated_rate, rel=1e-5)


def test_lines_of_other_kinds_around_the_results_are_passed_over() -> None:
    noise = b'\x00\xff{"n_prompt": 1}\n{"n_prompt": 1, "n_gen": 0, "samples_ns": [0]}\n{}\n{\n'
    assert bench_tests(noise + BENCH + noise) == bench_tests(BENCH)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"n_prompt": 16, "n_gen": 0, "samples_ns": []}',
        b'{"n_prompt": 0, "n_gen": 0, "samples_ns": [5]}',
        b'{"n_prompt": -1, "n_gen": 0, "samples_ns": [5]}',
        b'{"n_prompt": true, "n_gen": 0, "samples_ns": [5]}',
        b'{"n_prompt": 16, "n_gen": 0, "samples_ns": [1.5]}',
        b'{"n_prompt": 16, "n_gen": 0, "samples_ns": 5}',
    ],
)
def test_a_result_that_makes_no_sense_is_none(raw: bytes) -> None:
    assert bench_tests(raw) == ()


def test_llama_completion_gives_its_prompt_and_decode_times() -> None:
    assert perf_times(COMPLETION) == PerfTimes(
        prompt_tokens=4, prompt_ns=321_500_000, decode_runs=7, decode_ns=1_227_250_000
    )


def test_times_are_in_steps_of_ten_microseconds() -> None:
    found = perf_times(COMPLETION)
    assert found is not None
    assert found.prompt_ns % PERF_STEP_NS == found.decode_ns % PERF_STEP_NS == 0


def test_a_log_that_was_cut_off_before_the_times_has_none() -> None:
    assert perf_times(COMPLETION[: COMPLETION.index(b"  eval time")]) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    assert bench_tests(data) == ()
    assert perf_times(data) is None
