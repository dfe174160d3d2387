"""Results by turn of a talk."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.handover.rules import CHUNKS
from host.handover.trace import Reply
from host.reduce.turns import turn_results
from tests.fakes.traces import Shape, attempt, request

MS = 1_000_000


def test_each_turn_has_its_times_over_all_talks_and_nothing_of_other_turns() -> None:
    asked = [
        replace(request(Shape(ttft_ns=ms * MS), number=i, t0_ns=i * 10**10), turn=i % 2 + 1)
        for i, ms in enumerate((100, 300, 200, 500))
    ]
    found = {(o.measurand, o.scope): o.by_attempt[0][1] for o in turn_results([attempt(asked)])}
    assert found["time_to_first_token@1", "turn-1"] == pytest.approx(0.150)
    assert found["time_to_first_token@1", "turn-2"] == pytest.approx(0.400)
    assert found["prefill_rate@1", "turn-1"] == pytest.approx(200 / 0.3)


def test_a_run_without_talks_has_no_turns() -> None:
    assert turn_results([attempt([request()])]) == []


def test_turns_of_a_server_say_how_much_of_their_prompts_came_from_its_cache() -> None:
    def rule(*, known: bool) -> str:
        reply = Reply(0, {}, "", kept_known=known)
        turn = replace(request(Shape(prompt_tokens=50)), turn=2, kept_tokens=150, reply=reply)
        found = turn_results([attempt([turn])])[0].rule
        return "" if found is None else found.en

    assert rule(known=True).startswith(CHUNKS.en)
    assert "of 200 prompt tokens on average 150 came from the cache" in rule(known=True)
    assert rule(known=False) == CHUNKS.en
