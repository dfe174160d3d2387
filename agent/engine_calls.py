"""Questions of the host that take an engine's process of their own: tokens, and scores."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from agent.children import Child, command
from agent.engines.server_process import with_last_line
from agent.evidence import how_ended
from agent.scoring import parse_score
from agent.wire import Message, decode, encode

# Tokenizing loads a vocabulary in a child; one that takes longer than this has hung.
TOKENIZE_S = 300.0
END_S = 10.0
# How soon a call heeds its end; nothing is measured meanwhile.
LOOK_S = 0.2

Say = Callable[[str, Mapping[str, Any]], None]


class CallError(Exception):
    """The engine's process did not answer: (code, detail)."""


def tokens(message: Message, say: Say) -> None:
    """Answer `tokenize`. Raises CallError."""
    argv, environment = command("engine")
    names = ("engine", "model", "texts", "ids")
    fields: dict[str, Any] = {k: message.get(k) for k in names}
    try:
        done = subprocess.run(
            argv,
            input=encode("tokenize", fields),
            capture_output=True,
            env=environment,
            timeout=TOKENIZE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as err:
        raise CallError("engine-hang", f"no tokens within {TOKENIZE_S:g} s") from err
    answer = done.stdout.partition(b"\n")[0]
    if not answer:
        raise CallError("engine-crash", how_ended(done.returncode))
    said = decode(answer)
    if said.get("code") == "server-not-started":  # its own words are nowhere else
        said["detail"] = with_last_line(str(said["detail"]), done.stderr)
    say(said.pop("type"), said)


def scores(message: Message, say: Say, halt: threading.Event) -> None:
    """Answer `score`: progress, then `scored`. The directory must not be there yet.

    Nothing else is served meanwhile, as while pulses are played: all else would disturb it.
    halt: set when the host wants it to end, which it does at once: files are no scores until all
    are there. Raises CallError, OrderError, OSError.
    """
    order = parse_score(message)
    order.directory.mkdir(parents=True)
    heard: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    child = Child("engine", order.directory / "engine.log", lambda _, raw: heard.put(raw))
    child.sender.send("score", {k: v for k, v in message.items() if k != "type"})
    try:
        while True:
            said = _next(heard, child, order.watchdog_s, halt)
            kind = said.pop("type")
            say(kind, said)
            if kind != "progress":
                return
    finally:
        child.kill()
        child.wait(END_S)


def _next(
    heard: queue.SimpleQueue[bytes | None], child: Child, watchdog_s: float, halt: threading.Event
) -> Message:
    until_s = time.monotonic() + watchdog_s
    while not halt.is_set():
        try:
            raw = heard.get(timeout=LOOK_S)
        except queue.Empty as err:
            if time.monotonic() > until_s:
                detail = f"no sign of life within {watchdog_s:g} s"
                raise CallError("engine-hang", detail) from err
            continue
        if raw is None:
            raise CallError("engine-crash", how_ended(child.wait(END_S)))
        return decode(raw)
    raise CallError("stopped", "the host ended it")
