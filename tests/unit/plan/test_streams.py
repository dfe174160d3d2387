"""Streams at once in an engine's own process: sequences that share its context."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.handover.load_shape import LoadPlan
from host.handover.plan import Plan, ResolvedRequest
from host.plan.load import default
from host.plan.resolve import check_lengths
from host.plan.streams import sequences_of


def plan_with(*steps: int) -> Plan:
    load = LoadPlan("streams", steps=steps, requests_per_stream=1) if steps else msgspec.UNSET
    return msgspec.structs.replace(default()[0], load=load)


def test_the_most_streams_of_a_step_are_held_at_once_unless_the_plan_says_more() -> None:
    given: dict[str, Any] = {}
    assert (sequences_of(plan_with(1, 4, 2), given), given) == (4, {"n_seq_max": 4})
    assert sequences_of(plan_with(1, 4, 2), {"n_seq_max": 8}) == 8


def test_requests_one_by_one_leave_the_settings_as_they_are() -> None:
    for plan in (plan_with(), plan_with(1)):
        given: dict[str, Any] = {}
        assert (sequences_of(plan, given), given) == (1, {})


@pytest.mark.parametrize(
    ("stated", "said"),
    [(2, "2 is less than the 4 streams of load.steps"), (True, "no number"), (0, "no number")],
)
def test_sequences_that_cannot_hold_the_streams_are_refused(stated: object, said: str) -> None:
    with pytest.raises(PlanError, match=said) as refused:
        sequences_of(plan_with(4), {"n_seq_max": stated})
    assert refused.value.args[0] == "engine.settings.n_seq_max"


def test_request_that_does_not_fit_its_share_of_the_context_says_whose_it_is() -> None:
    asked = (ResolvedRequest("a", "text", None, 10),)
    check_lengths(asked, {"a": 54}, 64, 4)
    with pytest.raises(PlanError, match="the context holds 64 for each of 4 sequences"):
        check_lengths(asked, {"a": 55}, 64, 4)
