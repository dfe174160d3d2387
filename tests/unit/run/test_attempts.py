from __future__ import annotations

from pathlib import Path, PurePosixPath

import msgspec

from host.handover.pairing import Role, role_of
from host.handover.plan import ResolvedPlan
from host.run.attempts import order_of, role_fields, role_in
from host.run.collect import write_attempt
from host.run.folder import create
from tests.fakes.records import sample_plan

SPOOL = PurePosixPath("/spool")


def paired() -> ResolvedPlan:
    resolved = sample_plan(8)
    run = msgspec.structs.replace(resolved.plan.run, pairing="on_off")
    return msgspec.structs.replace(resolved, plan=msgspec.structs.replace(resolved.plan, run=run))


def test_an_attempt_that_was_cut_off_leaves_its_role_to_the_next(tmp_path: Path) -> None:
    plan, folder = paired(), create(tmp_path, "run")
    for number, status in enumerate(("valid", "void", "incomplete", "incomplete"), start=1):
        write_attempt(folder, number, {"status": status})
    planned = [role_of(plan.plan, slot) for slot in range(3)]
    assert [role_in(plan, folder, n) for n in (1, 2, 3, 4, 5)] == [
        planned[0],
        planned[1],
        planned[2],
        planned[2],
        planned[2],
    ]


def test_the_agent_is_told_by_role_whether_to_sample() -> None:
    plan = paired()
    told = [
        order_of(plan, slot + 1, SPOOL, role_of(plan.plan, slot))["sampling"]["enabled"]
        for slot in range(4)
    ]
    assert sorted(told[:2]) == sorted(told[2:]) == [False, True]


def test_both_attempts_of_a_pair_get_the_same_requests_in_the_same_order() -> None:
    plan = paired()
    asked = [
        [r["item"] for r in order_of(plan, slot + 1, SPOOL, role_of(plan.plan, slot))["requests"]]
        for slot in range(16)
    ]
    assert all(asked[2 * pair] == asked[2 * pair + 1] for pair in range(8))
    assert len({tuple(each) for each in asked}) > 1


def test_the_pair_is_stated_only_where_there_is_one() -> None:
    assert role_fields(Role(pair=0, sampled=True)) == {"sampled": True}
    assert role_fields(Role(pair=3, sampled=False)) == {"sampled": False, "pair": 3}
