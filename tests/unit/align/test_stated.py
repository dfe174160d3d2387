"""Figures that a runner states of itself: read as it says them, or not at all."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.spool import read_spool
from host.align.attempt import attempt_of
from host.align.meters import Metered
from host.align.requests import Event
from host.align.stated import UnfitError, figures_in, stated_runs
from host.align.streams import AttemptFiles
from host.check.rules_limits import CACHED_BYTES, beyond_limits
from host.handover.case import Case
from host.handover.plan import ResolvedPlan
from host.handover.runner import RATE, Figure
from host.handover.stated import PP, TG, VENDOR_RATE, VENDOR_TIME
from host.handover.trace import AlignedRun, StatedFigure
from host.plan.runner import runner
from host.reduce.run import reduce_run
from tests.fakes.records import record_of, sample_facts, sample_plan

BENCH = (Path(__file__).parents[2] / "data/native/llama-bench.jsonl").read_text("utf-8")
ASKED = {"prompt_tokens": 16, "output_tokens": 8}
HOW = runner("llama-bench")
MS = 1_000_000
HEADER = (
    b'# {"clock":"c","columns":[["t_ns","ns"],["event","{text}"],["args","{json}"]],"spool":1,'
    b'"stream":"events"}\n'
)


def read(text: str, reads: str, **figures: Figure) -> list[StatedFigure]:
    return list(figures_in(text.split("\n"), reads, figures, ASKED))


def one(text: str, reads: str, figure: Figure) -> tuple[float, ...]:
    (found,) = read(text, reads, a=figure)
    return found.values


def test_llama_bench_states_its_rates_by_every_repetition_of_the_lengths_that_were_asked() -> None:
    prefill, decode = read(BENCH, HOW.reads, **HOW.stated())
    assert (prefill.convention, decode.convention) == (PP, TG)
    took = (250795413, 909877349, 247044697)
    assert prefill.values == pytest.approx([16e9 / ns for ns in took], rel=1e-12)
    assert decode.values[0] == pytest.approx(8e9 / 803497801, rel=1e-12)
    assert ("n_depth", "0") in decode.about
    assert ("build_commit", "Debian") in decode.about
    with pytest.raises(UnfitError, match=r"nothing fits figures\.pp"):
        list(figures_in(BENCH.split("\n"), "jsonl", HOW.stated(), {**ASKED, "prompt_tokens": 32}))


def test_a_document_is_found_among_other_lines_and_its_list_by_a_path() -> None:
    document = json.dumps({"tests": [{"n": 2, "ms": 4}, {"n": 3, "ms": "x"}]}, indent=2)
    text = f"[info] {{}}\n{{ half\n{document}\n}}\n"
    figure = Figure("vendor", "ms", each=("tests",), where={"n": 2}, value=("ms",))
    (found,) = read(text, "json", a=figure)
    assert (found.convention, found.values) == (VENDOR_TIME, (0.004,))
    rate = Figure("vendor", RATE, value=("tests", "0", "ms"))
    (found,) = read(text, "json", a=rate)
    assert (found.convention, found.values) == (VENDOR_RATE, (4.0,))


def test_each_line_that_fits_a_pattern_is_a_repetition() -> None:
    text = "decode: 10.5 t/s\nprompt: 3 t/s\ndecode: 1e1 t/s\n"
    figure = Figure("vendor", RATE, pattern="decode: (.*) t/s")
    assert one(text, "text", figure) == (10.5, 10.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: ", "no number"),
        ("a: 1_0", "no number"),
        ("a: ٣", "no number"),
        ("a: nan", "no rate"),
        ("a: inf", "no rate"),
        ("a: 1e308", "no rate"),
        ("a: 1e-308", "no rate"),
        ("a: -1", "no rate"),
        ("a: 0", "no rate"),
        ("b: 1", "nothing fits figures.a"),
        ("a: 1\n" * 10_001, "10001 values, 10000 at most"),
    ],
)
def test_a_pattern_s_figure_is_a_number_above_0_or_nothing(text: str, words: str) -> None:
    with pytest.raises(UnfitError, match=words):
        one(text, "text", Figure("vendor", RATE, pattern="a: (.*)"))


@pytest.mark.parametrize(
    "text",
    [
        '{"x": true}',
        '{"x": "1"}',
        '{"x": [1, null]}',
        '{"x": 0}',
        '{"x": 1, "x": 2}',
        '{"x": NaN}',
        '{"x": 1e999}',
        '{"x": 1' + "0" * 400 + "}",
        '{"y": 1}',
        "[" * 100_000,
        '{"x":' + "[" * 100_000,
        "",
    ],
)
@pytest.mark.parametrize("reads", ["json", "jsonl"])
def test_json_that_says_no_number_there_is_refused(text: str, reads: str) -> None:
    with pytest.raises(UnfitError):
        one(text, reads, Figure("vendor", RATE, value=("x",)))


@given(st.text(max_size=200), st.sampled_from(["text", "json", "jsonl"]))
def test_any_output_is_figures_or_a_mismatch(text: str, reads: str) -> None:
    figure = Figure("vendor", RATE, pattern="(.*)", value=("x",))
    with suppress(UnfitError):
        assert all(value > 0 for value in one(text, reads, figure))


def test_words_of_a_device_are_cleaned_before_they_stand_in_a_record() -> None:
    figure = Figure("vendor", RATE, value=("x",), about=("cpu",))
    (found,) = read('{"x": 1, "cpu": "a\\u001b[2J\\ud800\\u202eb"}', "jsonl", a=figure)
    assert found.about == (("cpu", "a?[2J??b"),)


def plan_of() -> ResolvedPlan:
    plan = sample_plan(1)
    request = msgspec.structs.replace(
        plan.requests[0], item="a", prompt_tokens=16, output_tokens=8
    )
    settings = {"lines": None, "reads": HOW.reads, "figures": msgspec.to_builtins(HOW.stated())}
    return msgspec.structs.replace(
        plan, engine_kind="native", engine_settings=settings, requests=(request,)
    )


def events_of(lines: int, *, warmup: bool = False, status: int = 0) -> list[Event]:
    return [
        Event(MS, "runner_start", {"run": 0, "item": "a", "warmup": warmup}),
        Event(9 * MS, "output_end", {"run": 0, "lines": lines}),
        Event(9 * MS, "runner_end", {"run": 0, "status": status}),
    ]


def attempt(number: int, log: str, *, warmup: bool = False) -> AttemptFiles:
    events = events_of(log.count("\n"), warmup=warmup)
    told = [f"{e.t_ns}\t{e.name}\t{json.dumps(dict(e.args))}" for e in events]
    lines = "".join(f"{at}\t{line}\t-\n" for at, line in enumerate(told))
    stream = read_spool(HEADER + lines.encode())
    stated = {"status": "valid", "reason": "", "streams": []}
    return AttemptFiles(number, stated, {"events": stream}, (), log.encode())


def test_figures_of_an_attempt_are_means_of_its_repetitions_and_say_of_what() -> None:
    plan, other = plan_of(), BENCH.replace("803497801", "803497802")
    read_two = [
        attempt_of(attempt(n, log), plan, {}, Metered()) for n, log in ((1, BENCH), (2, other))
    ]
    reduced = reduce_run(AlignedRun("c", 0, 0, tuple(read_two)))
    prefill, decode = (o for o in reduced.conventions if o.measurand in (PP, TG))
    assert (prefill.scope, prefill.source, prefill.count) == ("a", "runner.pp", 6)
    assert [n for n, _ in decode.by_attempt] == [1, 2]
    assert decode.by_attempt[0][1] == pytest.approx(20.305683, rel=1e-6)  # its own avg_ts
    assert decode.rule is not None
    assert "n_gen = 8, n_depth = 0" in decode.rule.en
    rate = next(o for o in reduced.results if o.measurand == "decode_rate@1" and not o.scope)
    assert rate.missing.startswith("no-token-times: ")


@pytest.mark.parametrize(("bandwidth", "caught"), [(1e9, 1), (1e11, 0)])
def test_a_rate_that_the_memory_cannot_give_is_caught_also_where_a_runner_states_it(
    bandwidth: float, caught: int
) -> None:
    limits = {"memory_bandwidth_bytes_per_s": {"value": bandwidth, "document": "a data sheet"}}
    plan = msgspec.structs.replace(plan_of(), profile={"limits": limits})
    run = AlignedRun("c", 0, 0, (attempt_of(attempt(1, BENCH), plan, {}, Metered()),))
    model = {"decode_weight_bytes": CACHED_BYTES + 10**9}  # 20 token/s need 20 GB/s
    facts = replace(sample_facts(1), plan=plan, model=model)
    assert len(beyond_limits(Case(run, facts, record_of(run, facts)))) == caught


def test_a_warm_up_states_nothing_that_counts() -> None:
    found = attempt_of(attempt(1, BENCH, warmup=True), plan_of(), {}, Metered())
    assert found.stated[0].warmup
    assert reduce_run(AlignedRun("c", 0, 0, (found,))).conventions[-1].measurand not in (PP, TG)


def test_output_that_does_not_fit_voids_its_attempt_and_shows_what_was_printed() -> None:
    log = "main: started\n\n\x1b[31merror: no such\x07 device\n" + "x" * 500 + "\n"
    found = attempt_of(attempt(1, log), plan_of(), {}, Metered())
    assert found.status == "void"
    assert found.reason.startswith(
        "runner-output: nothing fits figures.pp (run 0); last of 3 lines"
    )
    assert "| [31merror: no such device | xxxx" in found.reason
    assert len(found.reason) < 400


def test_a_process_that_was_killed_with_its_attempt_states_nothing() -> None:
    events = events_of(0, status=137)
    assert stated_runs(events, b"", plan_of(), cut=True) == ()
    with pytest.raises(ValueError, match="it printed nothing"):
        stated_runs(events, b"", plan_of())
