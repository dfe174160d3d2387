"""The agent as a child process over pipes, as a host sees it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.spool import StreamEnd, read_spool
from agent.streams import end_from
from agent.wire import WIRE_VERSION, Message, decode, encode

ROOT = Path(__file__).resolve().parents[2]
EXIT_S = 30.0
# The device's Python may be older than the host's: name one here to test the agent with it.
PYTHON = os.environ.get("INFEROMETER_AGENT_PYTHON", sys.executable)


class AgentSession:
    """Says messages and hears lines. Use as a context manager: leaving it closes the pipes."""

    def __init__(
        self,
        argv: list[str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            argv or [PYTHON, "-m", "agent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    def __enter__(self) -> AgentSession:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end_input()
        try:
            self.process.wait(EXIT_S)
        finally:
            self.process.kill()
            self._out.close()
            self.process.wait()

    def say_raw(self, data: bytes) -> None:
        self._in.write(data)
        self._in.flush()

    def say(self, kind: str, **fields: Any) -> None:  # noqa: ANN401
        self.say_raw(encode(kind, fields))

    def hear(self) -> Message:
        """The next message; the agent's end of output is an error of the test."""
        raw = self._out.readline()
        assert raw, "the agent ended without a word"
        return decode(raw)

    def ask(self, kind: str, **fields: Any) -> Message:  # noqa: ANN401
        self.say(kind, **fields)
        return self.hear()

    def hello(self) -> Message:
        return self.ask("hello", version=WIRE_VERSION)

    def attempt(self, order: Mapping[str, Any]) -> Message:
        """Run an attempt to its end, progress passed over."""
        self.say("attempt", order=order)
        return self.hear_end()

    def hear_end(self) -> Message:
        while (message := self.hear())["type"] == "progress":
            pass
        return message

    def hear_phase(self, phase: str) -> Message:
        """Pass over messages until this phase is told."""
        while (message := self.hear()).get("phase") != phase:
            assert message["type"] == "progress", message
        return message

    def end_input(self) -> None:
        if not self._in.closed:
            try:
                self._in.close()
            except BrokenPipeError:  # it has ended already
                return

    def rest(self) -> list[Message]:
        """All that still comes, up to the end."""
        return [decode(raw) for raw in self._out]


def streams_of(end: Message) -> dict[str, StreamEnd]:
    return {one.stream: one for one in (end_from(found) for found in end["streams"])}


def check_streams(end: Message, directory: Path) -> None:
    """What `attempt_end` states is what the files are, and they read back without a fault."""
    for name, stated in streams_of(end).items():
        data = (directory / f"{name}.tsv").read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (stated.size_bytes, stated.sha256)
        found = read_spool(data)
        assert (found.faults, len(found.lines)) == ((), stated.lines)


def outcome(end: Message) -> tuple[str, str]:
    assert end["type"] == "attempt_end", end
    return end["status"], end["reason"]


def alive(pid: int) -> bool:
    """Whether a process runs: a zombie does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] != "Z"


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
