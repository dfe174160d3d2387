"""Load patterns: played by real processes, stamped as they were, refused where they are none."""

from __future__ import annotations

from typing import Any

import pytest

from agent.busy import play, states
from agent.order import OrderError
from agent.pulses import MAX_BITS, MAX_SECONDS, parse_pulses
from tests.fakes.agent_session import AgentSession, children_of
from tests.fakes.clock import SteppingClock

PULSES: dict[str, Any] = {"bits": "0110", "bit_s": 0.05, "quiet_s": 0.1, "processes": 2}


def test_runs_of_equal_bits_are_one_state_between_two_rests() -> None:
    assert states("0110") == "00100"
    assert states("1") == "010"


@pytest.mark.parametrize("bits", ["0110", "1", "1011001"])
def test_every_change_of_state_is_stamped_and_none_before_it_is_due(bits: str) -> None:
    clock = SteppingClock(start_ns=0, step_ns=1_000)
    stamps = play(bits, 10_000, 20_000, 30_000, clock)
    assert len(stamps) == len(states(bits)) + 1
    assert stamps == sorted(stamps)
    changes = [10_000 + 20_000 * i for i in range(1, len(bits)) if bits[i] != bits[i - 1]]
    due = [0, 10_000, *changes, 10_000 + 20_000 * len(bits), 40_000 + 20_000 * len(bits)]
    # One look at the clock decides that it is time, the next one is the stamp.
    assert all(0 <= t - d <= 2_000 for t, d in zip(stamps, due, strict=True))


def test_processes_play_together_and_are_gone_afterwards() -> None:
    with AgentSession() as session:
        session.hello()
        said = session.ask("pulses", **PULSES)
        assert (said["type"], said["states"], said["bits"]) == ("pulses", "00100", "0110")
        assert children_of(session.process.pid) == []
        assert session.ask("ping", id=1)["type"] == "pong"
    first, second = said["processes"]
    assert len(first) == len(second) == 6
    assert first == sorted(first)
    assert second == sorted(second)


def test_without_a_number_every_cpu_of_the_agent_has_a_process() -> None:
    assert parse_pulses({**PULSES, "processes": None}).processes >= 1


@pytest.mark.parametrize(
    ("over", "words"),
    [
        ({"bits": ""}, "bits: not 1 to"),
        ({"bits": "012"}, "bits: not 1 to"),
        ({"bits": 7}, "bits: not 1 to"),
        ({"bits": "0" * (MAX_BITS + 1)}, "bits: not 1 to"),
        ({"bit_s": 0.001}, "bit_s: not from 0.01 to"),
        ({"bit_s": True}, "bit_s: not a number"),
        ({"bit_s": float("nan")}, "bit_s: not from"),
        ({"quiet_s": -1}, "quiet_s: not from 0 to"),
        ({"quiet_s": None}, "quiet_s: not a number"),
        ({"processes": 0}, "processes: not a whole number"),
        ({"processes": True}, "processes: not a whole number"),
        ({"processes": 1025}, "processes: not a whole number"),
        ({"bits": "0" * 100, "bit_s": 3}, f"{MAX_SECONDS:g} s are the most"),
    ],
)
def test_what_is_no_pattern_is_refused_with_its_key(over: dict[str, Any], words: str) -> None:
    with pytest.raises(OrderError, match=words):
        parse_pulses({**PULSES, **over})
