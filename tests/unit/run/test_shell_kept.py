"""The link to a shell's run, with a device that says what it should not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from agent.shell import bundle
from collectors.clocks import device_clock
from collectors.protocol import Clock
from host.errors import (
    AgentError,
    AgentGoneError,
    HostError,
    PlanError,
    UnreachableError,
    UsageError,
)
from host.run.shell_follow import Site
from host.run.shell_kept import ShellLink
from host.run.shell_start import RENEW_S
from host.transport.local import Local
from tests.fakes.clock import SteppingClock
from tests.fakes.shell_runs import order_of

END = {"type": "attempt_end", "number": 1, "status": "valid", "reason": "", "streams": []}
BEAT = {"type": "progress", "number": 1, "phase": "decode", "beat_ns": "5"}
# What a device answers to a word lies in a file of that name beside the script.
STUB = 'cat "${0%/*}/$1" 2>/dev/null\n'


class Unit:
    """A device of stub scripts, and the links to it, which are all left in the end."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._links: list[ShellLink] = []
        (place / "agent.sh").write_text(STUB)

    def says(self, follow: list[object], **answers: list[object]) -> ShellLink:
        """A new link to an agent that says these messages when it is followed."""
        said: dict[str, list[object]] = {"follow": follow, "detach": [{"type": "kept"}]}
        for word, messages in {**said, **answers}.items():
            lines = [m if isinstance(m, str) else json.dumps(m) + "\n" for m in messages]
            (self._place / word).write_text("".join(lines))
        return self.link(self._place / "agent.sh")

    def link(self, agent: Path, patience_s: float = 0.0, clock: Clock | None = None) -> ShellLink:
        run = PurePosixPath(self._place / "run")
        site = Site("unit", Local(), ("sh", str(agent)), run, patience_s, lambda _: None)
        self._links.append(ShellLink(site, clock or device_clock()))
        return self._links[-1]

    def leave(self) -> None:
        for link in self._links:
            link.leave()


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = Unit(tmp_path)
    yield made
    made.leave()


def heard(link: ShellLink) -> list[str]:
    """Types of messages up to the one that ends them."""
    found: list[str] = []
    while not found or found[-1] != "queue_end":
        found.append(str(link.receive(timeout_s=60)["type"]))
    return found


def test_a_ping_is_answered_after_what_is_there_already(unit: Unit) -> None:
    link = unit.says([END, {"type": "queue_end"}])
    link.send("ping", {"id": 7})
    assert heard(link) == ["attempt_end", "queue_end"]
    assert link.receive(timeout_s=60) == {"type": "pong", "id": 7}
    with pytest.raises(AgentGoneError, match="has ended"):
        link.receive(timeout_s=60)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({**END, "number": 2}, AgentError, "attempt 2 where 1 is due"),
        ({**END, "number": "1"}, AgentError, "attempt '1' where 1 is due"),
        ("\x1b[2Jnoise\n", AgentError, "no valid message"),
        ({"type": "hello"}, AgentError, "'hello', which is nothing of a run"),
        ({"type": "gone", "why": "rebooted"}, AgentGoneError, "boot id is another one"),
        ({"type": "gone", "why": "$(id)"}, AgentGoneError, "the run is gone"),
        ({"type": "error", "code": "bad-order", "detail": "run"}, UsageError, "run"),
        ({"type": "error", "code": "disk-full", "detail": "x"}, AgentError, "disk-full: x"),
    ],
)
def test_what_ends_a_run_or_is_none_of_it_is_said_in_a_sentence(
    unit: Unit,
    said: object,
    error: type[HostError],
    words: str,
) -> None:
    with pytest.raises(error) as caught:
        unit.says([said]).receive(timeout_s=60)
    assert words in str(caught.value)


def test_a_run_that_gives_no_sign_of_life_is_given_up(unit: Unit) -> None:
    link = unit.says([BEAT, BEAT, {**BEAT, "beat_ns": "6"}, {"type": "queue_end"}])
    assert heard(link) == ["progress", "progress", "progress", "queue_end"]
    link = unit.says([BEAT, BEAT, BEAT])
    assert link.receive(timeout_s=0)["type"] == "progress"
    with pytest.raises(AgentGoneError, match="no sign of life"):
        link.receive(timeout_s=0)


def test_a_torn_line_and_a_link_that_ends_are_a_device_that_does_not_answer(
    unit: Unit,
) -> None:
    link = unit.says([json.dumps(END)])
    with pytest.raises(UnreachableError, match="what it sampled is kept there"):
        link.receive(timeout_s=60)


def test_a_busy_device_and_a_refused_order_are_told_as_the_user_s_to_solve(
    unit: Unit,
) -> None:
    order = order_of(Path("/001"), ["true"])
    busy = {"type": "error", "code": "busy", "detail": "run r (process 5) is going on already"}
    with pytest.raises(UsageError, match=r"unit is taken: run r \(process 5\)"):
        unit.says([], detach=[busy]).attempt(order, print, silence_s=1)
    wrong = {"type": "error", "code": "bad-order", "detail": "seconds"}
    with pytest.raises(UsageError, match="seconds"):
        unit.says([], detach=[wrong]).attempt(order, print, silence_s=1)
    with pytest.raises(AgentError, match="did not start a run"):
        unit.says([], detach=["Segmentation fault\n"]).attempt(order, print, silence_s=1)


def test_a_queue_with_gates_that_nobody_looks_at_is_refused(unit: Unit) -> None:
    gates = {"timeout_s": 1.0, "max_busy_ratio": 0.2, "max_temperature_c": None}
    with pytest.raises(PlanError, match="max_busy_ratio"):
        unit.says([]).ask("queue", {"orders": [], "gates": gates}, answer="queued")


def test_a_run_that_ended_without_its_attempt_is_no_attempt(unit: Unit) -> None:
    order = order_of(Path("/001"), ["true"])
    with pytest.raises(AgentError, match="ran nothing"):
        unit.says([{"type": "queue_end"}]).attempt(order, print, silence_s=60)


def test_a_host_that_waits_between_two_attempts_keeps_the_device(
    unit: Unit, tmp_path: Path
) -> None:
    (tmp_path / "real.sh").write_bytes(bundle())
    link = unit.link(tmp_path / "real.sh", clock=SteppingClock(step_ns=RENEW_S * 10**9 + 1))
    link.claim()
    holder = tmp_path / "lock/holder"
    first = holder.read_text()
    assert first.split()[3] == "run"
    holder.unlink()
    link.ask("device")  # what a gate looks at
    assert holder.read_text().split()[:4] == first.split()[:4]
    link.close()
    assert not holder.exists()


def test_an_agent_that_is_not_there_is_told_at_once(unit: Unit) -> None:
    link = unit.link(Path("/none/agent.sh"), patience_s=60.0)
    with pytest.raises(AgentError, match="cannot be run any more"):
        link.receive(timeout_s=60)
