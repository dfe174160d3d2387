from __future__ import annotations

from typing import Any

import pytest

from host.errors import PlanError
from host.handover.plan import Plan
from host.plan.load import default, override
from host.plan.resolve import check_pairing


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
