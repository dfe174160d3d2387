"""What a native runner's record cannot have is said, and only where it could have been had."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from agent import shell
from collectors.table import LINUX_KINDS
from host.handover.answered import Answered
from host.handover.facts import RunFacts
from host.handover.trace import AlignedRun
from host.record.warning_runner import UNREAD, runner_warnings
from tests.fakes.records import sample_facts
from tests.fakes.traces import example_run

NONE = AlignedRun("", 0, 0)
# How agent/shell names what it looks for: `absent KIND`, and the sources without a reason.
ALWAYS = {"process", "power_stats"}


def of(engine: str, agent: str) -> RunFacts:
    facts = sample_facts(1)
    change = msgspec.structs.replace
    plan = change(facts.plan, engine_kind=engine, profile={"agent": {"kind": agent}})
    return replace(facts, plan=plan)


def test_it_is_said_where_python_is_there_and_nowhere_else() -> None:
    (said,) = runner_warnings(NONE, of("native", "python"))
    assert said.code == "shell-agent-sources"
    assert "nvml" in said.text.en
    assert runner_warnings(NONE, of("native", "shell")) == []
    assert runner_warnings(NONE, of("llama_cpp", "python")) == []


def test_each_kind_of_a_source_is_read_by_the_shell_agent_or_named_as_unread() -> None:
    script = shell.bundle().decode()
    read = {kind for kind in LINUX_KINDS if f"absent {kind} " in script} | ALWAYS
    assert read | set(UNREAD) == set(LINUX_KINDS)
    assert read & set(UNREAD) == set()


def test_answers_that_were_not_found_are_counted_where_any_are_described() -> None:
    facts, run = of("native", "shell"), example_run(2)
    due = 2 * len(facts.plan.requests)
    described = msgspec.structs.replace(facts.plan, engine_settings={"answer": {"end": "x"}})
    facts = replace(facts, plan=described)
    (said,) = runner_warnings(run, facts)
    assert (said.code, f"{due} of {due} answers" in said.text.en) == (
        "runner-answers-missing",
        True,
    )
    answers = tuple(Answered(n, "a", warmup=False, text=b"") for n in range(due // 2))
    whole = replace(run, attempts=tuple(replace(a, answers=answers) for a in run.attempts))
    assert runner_warnings(whole, facts) == []
