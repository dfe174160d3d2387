"""Gates of a profile in a plan that nobody wrote, on this machine by a real shell."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.handover.deployment import Deployment
from host.handover.plan import GatePlan
from host.handover.progress import Progress
from host.pipeline.profile_gates import with_profile_gates
from host.pipeline.reach import Reached
from host.plan.load import default, dump, parse
from host.plan.profile import all_shipped
from host.transport.local import Local

PLAN, _ = default()
BUSY = {"max_busy_ratio": 0.5, "steady_for_s": 2.0}


def device(tmp_path: Path, **gates: Any) -> Reached:  # noqa: ANN401 - gates of any kind
    here = PurePosixPath(tmp_path)
    deployment = Deployment("local", here / "agent.pyz", "", 0, sys.executable, here / "spool")
    profile = {"product": {"name": "mine"}, "gates": gates}
    return Reached("local", Local(), Local, deployment, profile)


def test_the_gates_of_the_profile_are_in_the_plan_and_are_said(tmp_path: Path) -> None:
    said: list[Progress] = []
    there = device(tmp_path, **BUSY, timeout_s=7.0)
    plan, found = with_profile_gates(PLAN, there, said.append, detached=False)
    assert plan.gates == GatePlan(timeout_s=7.0, max_busy_ratio=0.5, steady_for_s=2.0)
    assert parse(dump(plan).encode(), "plan") == plan  # a plan that can be saved and run
    assert found is not None
    assert found.taken == {**BUSY, "timeout_s": 7.0}
    (moment,) = said
    assert moment.waiting.startswith(
        "gates of profile mine: timeout_s = 7.0, max_busy_ratio = 0.5"
    )


def test_a_profile_without_gates_leaves_the_plan_as_it_is(tmp_path: Path) -> None:
    assert with_profile_gates(PLAN, device(tmp_path), print, detached=False) == (PLAN, None)


def test_a_detached_run_has_the_gates_that_the_agent_looks_at(tmp_path: Path) -> None:
    plan, found = with_profile_gates(PLAN, device(tmp_path, **BUSY), print, detached=True)
    assert plan.gates == GatePlan(
        timeout_s=PLAN.gates.timeout_s, max_busy_ratio=0.5, steady_for_s=2.0
    )
    assert found is not None
    assert found.left_out == {}


def test_a_detached_run_of_the_shell_agent_has_none(tmp_path: Path) -> None:
    there = device(tmp_path, **BUSY, timeout_s=7.0)
    agent = there.deployment
    alone = Deployment("phone", agent.agent, "", 0, "", agent.spool, ("sh",))
    plan, found = with_profile_gates(PLAN, replace(there, deployment=alone), print, detached=True)
    assert plan.gates == GatePlan(timeout_s=7.0)
    assert found is not None
    assert set(found.left_out) == set(BUSY)


def test_a_gate_that_no_plan_can_hold_is_refused_in_a_sentence(tmp_path: Path) -> None:
    there = device(tmp_path, max_busy_ratio=0.0)
    with pytest.raises(PlanError, match="max_busy_ratio"):
        with_profile_gates(PLAN, there, print, detached=False)


def test_the_gates_of_every_shipped_profile_fit_into_a_plan() -> None:
    for profile in all_shipped():
        stated = {k: v for k, v in msgspec.structs.asdict(profile.gates).items() if v is not None}
        msgspec.convert({"timeout_s": 30.0, **stated}, GatePlan)
