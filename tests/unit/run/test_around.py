"""What stands around an attempt, with an agent that is a real process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from host.handover.deployment import Deployment
from host.handover.progress import Progress
from host.run.attempts import Bench, run_attempts
from host.run.folder import RunFolder, create
from host.run.journal import Journal
from host.run.link import AgentLink
from host.transport.local import Local
from tests.fakes.clock import SteppingClock
from tests.fakes.records import sample_plan

STUB = Path(__file__).parents[2] / "fakes" / "stub_agent.py"


@dataclass
class Told:
    """Surroundings that say what the test wants."""

    before_says: str = ""
    after_says: str = ""
    asked: list[str] = field(default_factory=list)

    def before(self, number: int, waiting: Callable[[str], None]) -> str:
        self.asked.append(f"before {number}")
        waiting("battery 41.2 °C, must be at most 33.0 °C")
        return self.before_says

    def after(self, number: int) -> str:
        self.asked.append(f"after {number}")
        return self.after_says


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return create(tmp_path, "run")


@pytest.fixture
def link() -> Iterator[AgentLink]:
    stub = Deployment("local", PurePosixPath(STUB), "", 0, sys.executable, PurePosixPath("/none"))
    with AgentLink.start(Local(), stub) as made:
        yield made


def attempt(folder: RunFolder, link: AgentLink, around: Told) -> tuple[dict[str, str], list[str]]:
    """(attempt.json of the first attempt, what was shown while waiting)."""
    shown: list[str] = []

    def watch(progress: Progress) -> None:
        shown.extend(filter(None, [progress.waiting]))

    clock = SteppingClock()
    journal = Journal(folder, clock)
    spool = PurePosixPath(folder.path / "spool")
    bench = Bench(sample_plan(1), folder, Local(), spool, clock, journal, watch, {}, around=around)
    run_attempts(bench, link, range(1, 2))
    journal.close()
    found: dict[str, str] = msgspec.json.decode((folder.attempt(1) / "attempt.json").read_bytes())
    return found, shown


def test_an_attempt_that_nothing_spoilt_is_valid(folder: RunFolder, link: AgentLink) -> None:
    around = Told()
    found, shown = attempt(folder, link, around)
    assert (found["status"], found["reason"]) == ("valid", "")
    assert around.asked == ["before 1", "after 1"]
    (waiting,) = shown
    assert waiting.startswith("battery 41.2 °C, must be at most 33.0 °C; void in ")


def test_a_gate_that_stayed_shut_voids_without_running(folder: RunFolder, link: AgentLink) -> None:
    around = Told(before_says="gate-timeout: battery")
    found, _ = attempt(folder, link, around)
    assert (found["status"], found["reason"]) == ("void", "gate-timeout: battery")
    assert around.asked == ["before 1"]


def test_a_device_that_changed_meanwhile_voids_what_was_run(
    folder: RunFolder, link: AgentLink
) -> None:
    found, _ = attempt(folder, link, Told(after_says="control-changed: brightness 200 -> 9"))
    assert found["status"] == "void"
    assert found["reason"] == "control-changed: brightness 200 -> 9"
