"""Orders for the shell agent, sessions with it, and what came of them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.spool import SpoolFile, read_spool
from agent.wire import WIRE_VERSION, Message, decode
from host.run.shell_link import shell_line
from tests.fakes.agent_shells import Shell

EXIT_S = 30.0
LOOK_S = 0.02  # how often a file is looked at


def order_of(directory: Path, argv: list[str], **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """An order of one request for the native engine; fields named replace those here."""
    settings = {"argv": argv, **fields.pop("settings", {})}
    sampling = {
        "enabled": True,
        "rate_hz": 20.0,
        "kinds": ["memory"],
        "seed": 5,
        "jitter_ratio": 0.2,
        **fields.pop("sampling", {}),
    }
    request = {"item": "a b", "text": "t", "prompt_tokens": 8, "output_tokens": 3, "warmup": False}
    return {
        "number": 1,
        "directory": str(directory),
        "engine": {"kind": "native", "settings": settings},
        "model": "/models/m.gguf",
        "requests": [request],
        "stop": "length",
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "watchdog_s": 60.0,
        "sampling": sampling,
        **fields,
    }


def script(text: str) -> list[str]:
    """A runner that is a line of sh."""
    return ["sh", "-c", text, "runner", "{model}", "{item}"]


class ShellSession:
    """The agent as a child; says messages as the host does and hears JSON."""

    def __init__(self, shell: Shell, more: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            shell.agent(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=shell.environment(more),
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._in, self._out = self.process.stdin, self.process.stdout

    def say_raw(self, data: bytes) -> None:
        self._in.write(data)
        self._in.flush()

    def say(self, kind: str, fields: Mapping[str, Any] | None = None) -> None:
        self.say_raw(shell_line(kind, fields))

    def hear(self) -> Message:
        raw = self._out.readline()
        assert raw, "the agent ended without a word"
        return decode(raw)

    def ask(self, kind: str, fields: Mapping[str, Any] | None = None) -> Message:
        self.say(kind, fields)
        return self.hear()

    def hear_end(self) -> Message:
        while (message := self.hear())["type"] == "progress":
            pass
        return message

    def attempt(self, order: Mapping[str, Any]) -> Message:
        self.say("attempt", {"order": order})
        return self.hear_end()

    def close(self) -> int:
        self._in.close()
        try:
            status = self.process.wait(EXIT_S)
        finally:
            self.process.kill()
            self._out.close()
            self.process.wait()
        return status


@contextmanager
def shell_session(shell: Shell, more: Mapping[str, str] | None = None) -> Iterator[ShellSession]:
    session = ShellSession(shell, more)
    try:
        assert session.ask("hello", {"version": WIRE_VERSION})["type"] == "hello"
        yield session
    finally:
        session.close()


def spool_of(directory: Path, stream: str) -> SpoolFile:
    return read_spool((directory / f"{stream}.tsv").read_bytes())


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Until something is there that the process makes; its end before that is an error."""
    while not holds():
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_S)
        assert process.poll() is None, "the agent ended before"
