"""A session that outlives its link: real processes, links killed at any moment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from agent.wire import WIRE_VERSION, Message, decode, encode
from collectors.clocks import device_clock
from host.deploy.stage import deploy_local
from host.errors import AgentError, UnreachableError
from host.handover.deployment import Deployment
from host.run.kept import KeptStream, Way
from host.transport.local import Local, LocalStream
from tests.fakes.agent_session import alive, check_streams, outcome
from tests.fakes.replays import order, write_recording


@dataclass
class Links:
    """Links to a session on this machine. cut: how it is that no more of them can be made."""

    deployment: Deployment
    directory: Path
    made: list[LocalStream] = field(default_factory=list)
    streams: list[KeptStream] = field(default_factory=list)
    cut: bool = False

    def way(self, patience_s: float = 60.0) -> Way:
        return Way(self._connect, self._argv, patience_s, lambda _: None)

    def kill(self) -> None:
        """Take the newest link away, as a cable that falls out does."""
        with contextlib.suppress(ProcessLookupError):  # it has gone with the last kill
            os.killpg(self.made[-1].pid, signal.SIGKILL)

    def _argv(self, first: int) -> list[str]:
        return [*self.deployment.argv(), "attach", str(self.directory), str(first)]

    def _connect(self) -> _Link:
        if self.cut:
            raise UnreachableError("local", "the cable is out")
        return _Link(self)


class _Link(Local):
    """The machine at hand, with its streams noted."""

    def __init__(self, links: Links) -> None:
        self._links = links

    def open(self, argv: Sequence[str]) -> LocalStream:
        stream = super().open(argv)
        self._links.made.append(stream)
        return stream


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return deploy_local(Local(), tmp_path / "store")


def detach(deployment: Deployment, directory: Path, lock: Path) -> Message:
    done = subprocess.run(
        [*deployment.argv(), "detach", str(directory), str(lock)],
        capture_output=True,
        check=False,
        timeout=60,
    )
    return decode(done.stdout)


@pytest.fixture
def links(deployment: Deployment, tmp_path: Path) -> Iterator[Links]:
    directory = tmp_path / "spool" / "run"
    said = detach(deployment, directory, tmp_path / "lock")
    assert said["type"] == "kept"
    made = Links(deployment, directory)
    yield made
    for stream in made.streams:
        stream.close(timeout_s=5)
    if alive(said["pid"]):
        os.kill(said["pid"], signal.SIGKILL)


def connected(links: Links, first: int = 0, patience_s: float = 60.0) -> KeptStream:
    stream = KeptStream(links.way(patience_s), device_clock(), device="local", first=first)
    links.streams.append(stream)
    return stream


def hear(stream: KeptStream) -> Message:
    return decode(stream.receive_line(timeout_s=60))


def hear_all(stream: KeptStream, last: str) -> list[Message]:
    """Messages up to one of this type; progress is left out."""
    found: list[Message] = []
    while not found or found[-1]["type"] != last:
        message = hear(stream)
        if message["type"] != "progress":
            found.append(message)
    return found


def queue(tmp_path: Path, count: int, **over: Any) -> bytes:  # noqa: ANN401
    recording = write_recording(tmp_path / "recording")
    orders = [
        order(tmp_path / "spool" / "run" / f"{n:03d}", recording, number=n)
        for n in range(1, count + 1)
    ]
    return encode("queue", {"orders": orders, "gates": {"timeout_s": 0.0, **over}})


def test_a_second_run_is_refused_and_told_of_the_first(links: Links, tmp_path: Path) -> None:
    said = detach(links.deployment, tmp_path / "other", tmp_path / "lock")
    assert (said["type"], said["code"]) == ("error", "busy")
    assert "run (process " in said["detail"]


def test_queued_attempts_run_with_nobody_listening_and_are_told_later(
    links: Links, tmp_path: Path
) -> None:
    stream = connected(links)
    stream.send(queue(tmp_path, 2))
    assert hear(stream) == {"type": "queued", "attempts": 2}
    stream.close(timeout_s=5)
    first, second, end = hear_all(connected(links, first=stream.taken), "queue_end")
    assert (outcome(first), outcome(second)) == (("valid", ""), ("valid", ""))
    assert end == {"type": "queue_end"}
    for found in (first, second):
        check_streams(found, links.directory / f"{found['number']:03d}")


def test_links_that_are_cut_lose_no_message_and_say_nothing_twice(links: Links) -> None:
    stream = connected(links)
    stream.send(encode("hello", {"version": WIRE_VERSION}))
    assert hear(stream)["type"] == "hello"
    heard = []
    for number in range(40):
        if number % 4 == 1:
            links.kill()
        stream.send(encode("ping", {"id": number}))
        if number % 3 == 2:
            links.kill()
        heard.append(hear(stream)["id"])
    assert heard == list(range(40))
    assert len(links.made) > 10


def test_a_device_that_stays_away_is_unreachable_within_the_patience(links: Links) -> None:
    stream = connected(links, patience_s=0.5)
    links.cut = True
    links.kill()
    with pytest.raises(
        UnreachableError, match=r"did not answer for 0.5 s; what it sampled is kept"
    ):
        stream.receive_line(timeout_s=60)


def test_a_session_that_died_gives_what_it_had_said_and_ends(links: Links, tmp_path: Path) -> None:
    stream = connected(links)
    stream.send(queue(tmp_path, 1))
    heard = hear_all(stream, "queue_end")
    pid = int(decode(detach_status(links, tmp_path))["detail"].rpartition(" ")[2].rstrip(")"))
    os.kill(pid, signal.SIGKILL)
    assert stream.receive_line(timeout_s=60) == b""
    again = connected(links)
    assert [m for m in until_end(again) if m["type"] != "progress"] == heard
    assert again.receive_line(timeout_s=1) == b""


def detach_status(links: Links, tmp_path: Path) -> bytes:
    argv = [*links.deployment.argv(), "detach", str(tmp_path / "other"), str(tmp_path / "lock")]
    return subprocess.run(argv, capture_output=True, check=False, timeout=60).stdout


def until_end(stream: KeptStream) -> Iterator[Message]:
    while raw := stream.receive_line(timeout_s=60):
        yield decode(raw)


def test_bye_ends_the_session_and_its_lock(links: Links, tmp_path: Path) -> None:
    stream = connected(links)
    stream.send(encode("bye", {}))
    assert [m["type"] for m in until_end(stream)] == ["bye"]
    said = detach(links.deployment, tmp_path / "next", tmp_path / "lock")
    assert said["type"] == "kept"
    os.kill(said["pid"], signal.SIGKILL)


def test_nothing_to_join_is_said(deployment: Deployment, tmp_path: Path) -> None:
    links = Links(deployment, tmp_path)
    with pytest.raises(AgentError, match="cannot be joined: no-run"):
        connected(links)


def test_a_shut_gate_voids_the_attempt_and_says_why(links: Links, tmp_path: Path) -> None:
    stream = connected(links)
    stream.send(queue(tmp_path, 1, timeout_s=0.1, max_temperature_c=-40.0))
    found = hear_all(stream, "queue_end")
    status, reason = outcome(found[1])
    assert status == "void"
    assert reason.startswith("gate-timeout: ")


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({}, "orders"),
        ({"orders": []}, "orders"),
        ({"orders": [{}], "gates": {}}, "order"),
        ({"orders": "x", "gates": {}}, "orders"),
    ],
)
def test_a_bad_queue_is_refused(links: Links, fields: dict[str, Any], word: str) -> None:
    stream = connected(links)
    stream.send(encode("queue", fields))
    said = hear(stream)
    assert (said["type"], said["code"]) == ("error", "bad-order")
    assert word in said["detail"]


def test_stop_ends_the_running_attempt_and_begins_no_other(links: Links, tmp_path: Path) -> None:
    stream = connected(links)
    recording = write_recording(tmp_path / "recording")
    orders = [
        {**order(links.directory / f"{n:03d}", recording, number=n), "idle_before_s": 600.0}
        for n in (1, 2)
    ]
    stream.send(encode("queue", {"orders": orders, "gates": {"timeout_s": 0.0}}))
    while hear(stream).get("phase") != "idle":
        pass
    stream.send(encode("stop", {}))
    end, last = hear_all(stream, "queue_end")
    assert outcome(end) == ("incomplete", "stopped")
    assert last["type"] == "queue_end"


def test_roles_started_wrongly_by_hand_are_told(deployment: Deployment) -> None:
    done = subprocess.run(
        [*deployment.argv(), "attach"], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert b"attach takes 2 arguments" in done.stderr
