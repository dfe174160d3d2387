"""Probes that are not what they claim to be, and times and outputs that no real run shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.align.read import read_run
from host.check.rules_audit import RULES as AUDIT_RULES
from host.check.rules_plausible import RULES, doubts_in
from host.handover.case import Case
from host.handover.trace import AlignedRun, RequestTrace
from host.run.folder import RunFolder, write_json
from tests.fakes.audited import Bench, HashModel
from tests.fakes.graphs import graph_request
from tests.fakes.records import sample_facts, sample_record
from tests.fakes.story import LONGEST, PAIR, SHORTEST, Length, legal
from tests.fakes.traces import example_run


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return Bench(tmp_path_factory.mktemp("honest"), HashModel, attempts=2).run()


def broken(root: Path) -> set[str]:
    """Ids of the rules that a folder breaks."""
    reading = read_run(root)
    case = Case(reading.run, reading.facts, sample_record(2), reading.faults)
    return {rule.id for rule in (*AUDIT_RULES, *RULES) if any(rule.breaches(case))}


def test_an_honest_audit_breaks_no_rule(honest: RunFolder) -> None:
    assert broken(honest.path) == set()


def _other_prompt(data: Path) -> None:
    """A prompt that is easier than the drawn one."""
    path = data / "probes" / "seed" / "probe.json"
    said = json.loads(path.read_bytes())
    said["requests"][3]["text"] = "text of item 0 "
    write_json(path, said)


def _one_probe_less(data: Path) -> None:
    (data / "probes" / "repeat").rename(data / "repeat")


def _other_seed(data: Path) -> None:
    path = data / "probes" / "seed.json"
    write_json(path, {**json.loads(path.read_bytes()), "seed": "00" * 32})


def _other_plan(data: Path) -> None:
    """Limits that were eased when the outcome was known."""
    path = data / "plan.json"
    said = json.loads(path.read_bytes())
    said["plan"]["audit"]["least_repeat_ratio"] = 0.1
    write_json(path, said)


def _seed_first(data: Path) -> None:
    """The journal's lines on plan and seed change places: the seed was known before."""
    path = data / "journal.tsv"
    text = path.read_text().replace("plan_committed", "x").replace("audit_seed", "plan_committed")
    path.write_text(text.replace("x\t", "audit_seed\t"))


@pytest.mark.parametrize(
    ("spoil", "rules"),
    [
        (_other_prompt, {"probes-drawn"}),
        (_one_probe_less, {"probes-run"}),
        (_other_seed, {"probes-drawn", "seed-after-plan"}),
        (_other_plan, {"seed-after-plan"}),
        (_seed_first, {"seed-after-plan"}),
    ],
)
def test_a_forged_audit_breaks_its_rule(
    spoil: Callable[[Path], None], rules: set[str], honest: RunFolder, tmp_path: Path
) -> None:
    import shutil

    copy = Path(shutil.copytree(honest.path, tmp_path / "copy"))
    spoil(copy / "data")
    assert broken(copy) == rules


def case_of(run: AlignedRun, *, stop: str = "length", engine: str = "llama_cpp") -> Case:
    facts = sample_facts(len(run.attempts))
    plan = msgspec.structs.replace(facts.plan, engine_kind=engine)
    inner = msgspec.structs.replace(
        plan.plan, run=msgspec.structs.replace(plan.plan.run, stop=stop)
    )
    plan = msgspec.structs.replace(plan, plan=inner)
    facts = replace(facts, plan=plan, clock={**facts.clock, "resolution_ns": "1"})
    return Case(run, facts, sample_record(2))


def changed(change: Callable[[RequestTrace], RequestTrace]) -> AlignedRun:
    run = example_run(2)
    return replace(
        run,
        attempts=tuple(
            replace(a, requests=tuple(change(r) for r in a.requests)) for a in run.attempts
        ),
    )


def codes(case: Case) -> set[str]:
    doubts = doubts_in(case)
    assert all(d.seen.zh and d.seen.en for d in doubts)
    return {d.code for d in doubts}


def _even(r: RequestTrace) -> RequestTrace:
    """Every token exactly 10 ms after the last."""
    t = r.tokens.t_ns[0] + np.arange(len(r.tokens)) * 10_000_000
    return replace(r, tokens=replace(r.tokens, t_ns=t))


def _same_time(r: RequestTrace) -> RequestTrace:
    return replace(r, end_ns=r.start_ns + 5_000_000_000)


def _loops(r: RequestTrace) -> RequestTrace:
    """Three tokens by turns."""
    return replace(r, tokens=replace(r.tokens, tokens=np.arange(len(r.tokens)) % 3))


def test_times_that_are_all_alike_are_no_run_s_own() -> None:
    assert codes(case_of(changed(lambda r: r))) == set()
    assert codes(case_of(changed(_even))) == {"constant-times"}
    assert codes(case_of(changed(_same_time))) == {"constant-times"}


def _no_prefill(r: RequestTrace) -> RequestTrace:
    return replace(r, prefill=replace(r.prefill, end_ns=r.prefill.start_ns))


def test_a_prompt_that_was_read_in_no_time_is_no_run_s_own() -> None:
    assert codes(case_of(changed(_no_prefill))) == {"zero-time"}


@pytest.mark.parametrize("length", [SHORTEST, PAIR, LONGEST], ids=["shortest", "pair", "longest"])
def test_no_legal_run_is_doubted(length: Length, tmp_path: Path) -> None:
    reading = read_run(legal(length).write(tmp_path / "run").path)
    assert doubts_in(Case(reading.run, reading.facts, sample_record(2))) == ()


def test_recordings_and_slow_clocks_are_not_judged_by_their_spans() -> None:
    assert codes(case_of(changed(_even), engine="replay")) == set()
    slow = case_of(changed(_even))
    facts = replace(slow.facts, clock={**slow.facts.clock, "resolution_ns": "1000000"})
    assert codes(replace(slow, facts=facts)) == set()


def test_outputs_that_may_end_by_themselves_and_only_loop_make_a_run_void() -> None:
    assert codes(case_of(changed(_loops), stop="natural")) == {"repeated-output"}
    assert codes(case_of(changed(_loops))) == set()
    assert codes(case_of(changed(lambda r: r), stop="natural")) == set()


@pytest.mark.parametrize(
    ("stamp", "step_ns", "doubted"),
    [
        (r"(?P<ms>[0-9]+)\.(?P<us>[0-9]{3})", 10_000_000, {"constant-times"}),
        (r"(?P<ms>[0-9]+)", 10_000_000, set()),  # stamps of a millisecond are alike by themselves
        (r"(?P<ms>[0-9]+)\.(?P<us>[0-9]{3})", 50_000, set()),  # as are short steps in microseconds
    ],
)
def test_a_runner_is_doubted_where_its_fine_stamps_show_no_noise(
    stamp: str, step_ns: int, doubted: set[str]
) -> None:
    def even(r: RequestTrace) -> RequestTrace:
        t = r.tokens.t_ns[0] + np.arange(len(r.tokens)) * step_ns
        return replace(r, tokens=replace(r.tokens, t_ns=t))

    case = case_of(changed(even), engine="native")
    settings = {"lines": {"stamp": stamp}}
    plan = msgspec.structs.replace(case.facts.plan, engine_settings=settings)
    assert codes(replace(case, facts=replace(case.facts, plan=plan))) == doubted


@pytest.mark.parametrize(("times_ns", "doubted"), [([7_001] * 20, True), ([*range(20)], False)])
def test_inferences_that_all_take_the_same_time_are_no_run_s_own(
    times_ns: list[int], *, doubted: bool
) -> None:
    one = graph_request([t + 1 for t in times_ns])
    run = changed(lambda r: r)
    run = replace(run, attempts=tuple(replace(a, requests=(one,)) for a in run.attempts))
    assert codes(case_of(run, engine="onnx")) == ({"constant-times"} if doubted else set())
