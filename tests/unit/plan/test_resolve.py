from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.handover.plan import Plan, StaircasePlan
from host.handover.staircase import levels_of
from host.plan.load import default, dump, override, parse
from host.plan.resolve import check_pairing, check_staircase, choose_engine


def plan_of(**over: Any) -> Plan:  # noqa: ANN401
    return override(default()[0], {"pairing": "on_off", "attempts": 4, **over})


def test_two_pairs_are_enough() -> None:
    check_pairing(plan_of(), "llama_cpp")


@pytest.mark.parametrize("attempts", [1, 2, 3, 5, 21])
def test_attempts_that_make_no_two_whole_pairs_are_refused(attempts: int) -> None:
    with pytest.raises(PlanError, match=r"run\.attempts: .* one pair has no spread"):
        check_pairing(plan_of(attempts=attempts), "llama_cpp")


def test_recorded_times_cannot_be_perturbed() -> None:
    with pytest.raises(PlanError, match="replay"):
        check_pairing(plan_of(), "replay")


def test_any_attempts_and_any_engine_without_pairs() -> None:
    check_pairing(plan_of(pairing="none", attempts=1), "replay")


def staircase(**over: Any) -> Plan:  # noqa: ANN401
    said = {"levels": (0.0, 0.5, 1.0), "dwell_s": 2.0, "repeats": 1, "order": "up_down", **over}
    return msgspec.structs.replace(default()[0], staircase=StaircasePlan(**said))


def test_a_staircase_needs_the_python_agent_on_the_devices_clock() -> None:
    check_staircase(staircase(), "llama_cpp")
    check_staircase(default()[0], "replay")
    for engine in ("replay", "native"):
        with pytest.raises(PlanError, match=f"the engine {engine} has no process"):
            check_staircase(staircase(), engine)


def test_a_level_that_stands_twice_is_refused() -> None:
    with pytest.raises(PlanError, match="a level stands twice"):
        check_staircase(staircase(levels=(0.5, 0.5, 1.0)), "llama_cpp")


def test_a_staircase_that_nobody_samples_is_refused() -> None:
    plan = staircase()
    sampling = msgspec.structs.replace(plan.sampling, enabled=False)
    with pytest.raises(PlanError, match=r"sampling\.enabled"):
        check_staircase(msgspec.structs.replace(plan, sampling=sampling), "llama_cpp")


def test_a_plan_with_a_staircase_reads_back_as_it_was_dumped() -> None:
    assert parse(dump(staircase()).encode(), "plan") == staircase()


def test_steps_go_up_and_down_or_as_the_seed_draws_them() -> None:
    steps = staircase().staircase
    assert steps
    assert levels_of(steps, 1, 1) == (0.0, 0.5, 1.0, 1.0, 0.5, 0.0)
    drawn = msgspec.structs.replace(steps, order="seeded", repeats=3)
    assert levels_of(drawn, 1, 1) == levels_of(drawn, 1, 1)
    assert len({levels_of(drawn, seed, 1) for seed in range(8)}) > 1
    assert sorted(levels_of(drawn, 1, 2)) == sorted((0.0, 0.5, 1.0) * 6)


@pytest.mark.parametrize("word", ["native", "command"])
def test_a_native_runner_has_two_names_in_a_plan_and_one_in_a_run(word: str) -> None:
    installed = {"llama_cpp": "1", "native": None}
    assert choose_engine(plan_of(engine=word), installed).kind == "native"
