"""Every way an attempt can end: the agent as real processes with the replay engine."""

from __future__ import annotations

import os
import resource
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.agent_session import (
    AgentSession,
    alive,
    check_streams,
    children_of,
    outcome,
    streams_of,
)
from tests.fakes.replays import order, recording, request, sampled, write_recording


@pytest.fixture
def session() -> Iterator[AgentSession]:
    with AgentSession() as found:
        assert found.hello()["type"] == "hello"
        yield found


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"do": "crash"}, "engine-crash: signal 11"),
    ({"do": "crash", "request": 1, "token": 2}, "engine-crash: signal 11"),
    ({"do": "exit", "request": 0}, "engine-crash: exit status 3"),
    ({"do": "out-of-memory"}, "engine-out-of-memory: as the recording says"),
    ({"do": "error", "request": 0}, "engine-error: replayed: error, as the recording says"),
]


@pytest.mark.parametrize(("fault", "reason"), FAULTS)
def test_an_engine_that_fails_voids_the_attempt_and_the_session_serves_the_next_one(
    session: AgentSession, tmp_path: Path, fault: dict[str, Any], reason: str
) -> None:
    broken = write_recording(tmp_path / "broken.json", faults=[fault])
    end = session.attempt(order(tmp_path / "1", broken, sampling=sampled()))
    assert outcome(end) == ("void", reason)
    check_streams(end, tmp_path / "1")
    assert "events" in streams_of(end)
    good = write_recording(tmp_path / "good.json")
    assert outcome(session.attempt(order(tmp_path / "2", good))) == ("valid", "")


def test_tokens_of_requests_before_a_crash_are_kept(session: AgentSession, tmp_path: Path) -> None:
    fault = {"do": "crash", "request": 1, "token": 2}
    end = session.attempt(
        order(tmp_path / "1", write_recording(tmp_path / "r.json", faults=[fault]))
    )
    assert streams_of(end)["tokens"].lines == 4


def test_an_engine_that_hangs_is_ended_by_the_watchdog(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json", faults=[{"do": "hang", "request": 1}])
    wanted = order(tmp_path / "1", model, watchdog_s=3, sampling=sampled())
    end = session.attempt(wanted)
    assert outcome(end) == ("void", "engine-hang: no sign of life for 3 s")
    check_streams(end, tmp_path / "1")
    assert children_of(session.process.pid) == []


def test_an_idle_phase_longer_than_the_watchdog_is_no_hang(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, watchdog_s=2, idle_before_s=2.5)
    assert outcome(session.attempt(wanted)) == ("valid", "")


def test_an_attempt_that_is_stopped_is_incomplete_with_closed_streams(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, idle_before_s=3600, sampling=sampled())
    session.say("attempt", order=wanted)
    session.hear_phase("idle")
    assert session.ask("ping", id=1, t1_ns=0)["type"] == "pong"
    busy = session.ask("attempt", order=wanted)
    assert (busy["type"], busy["code"]) == ("error", "busy")
    session.say("stop")
    end = session.hear_end()
    assert outcome(end) == ("incomplete", "stopped")
    check_streams(end, tmp_path / "1")
    assert streams_of(end)["source-cpu"].lines > 0
    assert children_of(session.process.pid) == []


def test_stop_without_an_attempt_is_nothing(session: AgentSession) -> None:
    session.say("stop")
    assert session.ask("ping", id=1, t1_ns=0)["type"] == "pong"


def test_a_sampler_that_dies_voids_the_attempt_and_keeps_its_samples(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, idle_before_s=1.5, sampling=sampled())
    session.say("attempt", order=wanted)
    session.hear_phase("idle")
    (sampler,) = [
        pid
        for pid in children_of(session.process.pid)
        if b"sampler" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(sampler, signal.SIGKILL)
    end = session.hear_end()
    assert outcome(end) == ("void", "sampler-died: signal 9")
    assert streams_of(end)["tokens"].lines == 8
    assert "source-cpu" in streams_of(end)
    check_streams(end, tmp_path / "1")


def test_an_unknown_source_voids_the_attempt_with_the_near_names(
    session: AgentSession, tmp_path: Path
) -> None:
    model = write_recording(tmp_path / "r.json")
    wanted = order(tmp_path / "1", model, sampling=sampled(kinds=["cpuu"]))
    status, reason = outcome(session.attempt(wanted))
    assert status == "void"
    assert reason.startswith("sampler-died: unknown-kind")
    assert "cpu" in reason


@pytest.mark.parametrize("limit_bytes", [600, 1500])
def test_a_full_disk_ends_the_attempt_and_what_was_written_is_readable(
    tmp_path: Path, limit_bytes: int
) -> None:
    many = [request() for _ in range(50)]
    model = write_recording(tmp_path / "r.json")
    # The limit would cut the bytecode that a first start keeps, and break every later start.
    whole = {"PYTHONDONTWRITEBYTECODE": "1"}

    with AgentSession(environment=whole) as session:
        session.hello()
        limits = (limit_bytes, limit_bytes)
        resource.prlimit(session.process.pid, resource.RLIMIT_FSIZE, limits)
        end = session.attempt(order(tmp_path / "1", model, requests=many))
        status, reason = outcome(end)
        assert (status, reason.partition(":")[0]) == ("incomplete", "disk-full")
        check_streams(end, tmp_path / "1")
        assert streams_of(end)["events"].lines > 0
        assert children_of(session.process.pid) == []


def test_a_directory_that_is_not_empty_is_refused(session: AgentSession, tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    said = session.ask("attempt", order=order(tmp_path, model))
    assert (said["type"], said["code"]) == ("error", "spool-unwritable")
    assert sorted(tmp_path.iterdir()) == [model]


def test_the_end_of_input_during_an_attempt_ends_every_process(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    with AgentSession() as session:
        session.hello()
        wanted = order(tmp_path / "1", model, idle_before_s=3600, sampling=sampled())
        session.say("attempt", order=wanted)
        session.hear_phase("idle")
        children = children_of(session.process.pid)
        assert len(children) == 2
        session.end_input()
        session.process.wait(30)
        assert session.process.returncode == 0
    assert [pid for pid in children if alive(pid)] == []


def test_bye_is_answered_and_ends_a_running_attempt(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    with AgentSession() as session:
        session.hello()
        session.say("attempt", order=order(tmp_path / "1", model, idle_before_s=3600))
        session.hear_phase("idle")
        children = children_of(session.process.pid)
        session.say("bye")
        assert [one["type"] for one in session.rest()] == ["bye"]
    assert [pid for pid in children if alive(pid)] == []


def test_children_of_a_session_that_was_killed_end_by_themselves(tmp_path: Path) -> None:
    model = write_recording(tmp_path / "r.json")
    with AgentSession() as session:
        session.hello()
        wanted = order(tmp_path / "1", model, idle_before_s=3600, sampling=sampled())
        session.say("attempt", order=wanted)
        session.hear_phase("idle")
        watched = [os.pidfd_open(pid) for pid in children_of(session.process.pid)]
        session.process.kill()
        session.process.wait()
    for fd in watched:
        poll = select.poll()
        poll.register(fd, select.POLLIN)  # readable when the process has ended (pidfd_open(2))
        assert poll.poll(30_000)
        os.close(fd)


def test_a_recording_with_a_hang_and_no_watchdog_in_reach_can_be_stopped(
    session: AgentSession, tmp_path: Path
) -> None:
    """A stuck engine does not heed `stop`: it is killed after its time to end."""
    model = tmp_path / "r.json"
    write_recording(model, **{**recording(), "faults": [{"do": "hang"}]})
    session.say("attempt", order=order(tmp_path / "1", model, watchdog_s=3600))
    session.hear_phase("load")
    session.say("stop")
    assert outcome(session.hear_end()) == ("incomplete", "stopped")
