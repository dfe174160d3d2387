"""Readings of timekeeping in a run folder, asked of agents that are small scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath

import pytest

from agent.timekeeping import CHRONYC
from collectors.clocks import device_clock
from host.align.time_folder import host_timekeeping_in, timekeeping_in
from host.errors import AgentError, UsageError
from host.handover.deployment import Deployment
from host.run.folder import RunFolder
from host.run.link import AgentLink
from host.run.timekeeping import begin_timekeeping, end_timekeeping
from host.transport.local import Local

# Answers hello, then each question with the line that it was given, then ends.
AGENT = """import sys
print('{{"type": "hello"}}', flush=True)
for line in sys.stdin:
    if '"timekeeping"' in line:
        print({answer!r}, flush=True)
    elif '"bye"' in line:
        break
"""
KNOWN = '{"type": "timekeeping", "boot_id": "boot-1"}'
UNKNOWN = '{"type": "error", "code": "unknown-message", "detail": "no message of that type"}'
BROKEN = '{"type": "error", "code": "agent-error", "detail": "MemoryError"}'


def link_to(folder: Path, answer: str) -> AgentLink:
    """A session with an agent that gives this answer."""
    script = folder / "agent.py"
    script.write_text(AGENT.format(answer=answer), encoding="utf-8")
    place = PurePosixPath(script)
    there = Deployment("local", place, "", 0, sys.executable, place.parent)
    return AgentLink.start(Local(), there)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    (tmp_path / "run" / "data").mkdir(parents=True)
    return RunFolder(tmp_path / "run")


def test_each_session_has_names_of_its_own(tmp_path: Path, folder: RunFolder) -> None:
    with link_to(tmp_path, KNOWN) as link:
        suffixes = [begin_timekeeping(link, folder, apart=False) for _ in range(3)]
        end_timekeeping(link, folder, suffixes[2], apart=False)
    assert suffixes == ["", "-2", "-3"]
    assert sorted(p.name for p in folder.data.iterdir()) == [
        "time-after-3.json",
        "time-before-2.json",
        "time-before-3.json",
        "time-before.json",
    ]
    assert json.loads((folder.data / "time-after-3.json").read_text()) == {"boot_id": "boot-1"}


def test_an_agent_that_does_not_know_the_question_earns_nothing(
    tmp_path: Path, folder: RunFolder
) -> None:
    with link_to(tmp_path, UNKNOWN) as link:
        suffix = begin_timekeeping(link, folder, apart=False)
        end_timekeeping(link, folder, suffix, apart=False)
    time = timekeeping_in(folder.data)
    assert (time.source, time.sessions, time.rate.how) == (None, 1, "manufacturer")
    assert "was not asked" in time.absent.en


def test_an_agent_that_fails_at_the_question_fails_the_run(
    tmp_path: Path, folder: RunFolder
) -> None:
    with link_to(tmp_path, BROKEN) as link, pytest.raises(AgentError, match="MemoryError"):
        begin_timekeeping(link, folder, apart=False)


def test_a_host_that_is_another_machine_is_asked_beside_the_device_in_every_session(
    tmp_path: Path, folder: RunFolder
) -> None:
    with link_to(tmp_path, KNOWN) as link:
        suffixes = [begin_timekeeping(link, folder, apart=True) for _ in range(2)]
        end_timekeeping(link, folder, suffixes[1], apart=True)
    assert sorted(p.name for p in folder.data.glob("host-*")) == [
        "host-time-after-2.json",
        "host-time-before-2.json",
        "host-time-before.json",
    ]
    device, host = timekeeping_in(folder.data), host_timekeeping_in(folder.data)
    assert device.first is not None
    assert host is not None
    assert host.first is not None
    assert (device.first.boot_id, device.sessions) == ("boot-1", 2)
    assert (host.first.boot_id, host.sessions) == (device_clock().boot, 2)
    assert host.first.pair is not None


def test_a_chronyc_that_is_no_command_line_is_refused_in_a_sentence(
    tmp_path: Path, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CHRONYC, "'")
    with link_to(tmp_path, KNOWN) as link, pytest.raises(UsageError, match=CHRONYC):
        begin_timekeeping(link, folder, apart=True)
