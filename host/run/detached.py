"""Attempts that a kept session runs by itself: handed over at once, collected whenever.

`data/detached.json` says where they run, so that another process can collect them.
"""

from __future__ import annotations

import uuid
from pathlib import PurePosixPath
from typing import Any

from agent.wire import Message
from host.errors import AgentError, FolderError
from host.handover.progress import Progress
from host.run.attempts import Bench, keep, order_of, role_in, tell
from host.run.far_spool import numbers_in
from host.run.folder import RunFolder, write_json
from host.run.link import Link

NAME = "detached.json"
# A session says something every 10 s at least (agent/supervise.py) but while a gate is shut.
SILENCE_S = 120.0


def hand_over(bench: Bench, link: Link, numbers: range, device: str) -> None:
    """Queue these attempts on the device and note where they are.

    device: what the plan calls it.
    """
    orders = [
        order_of(bench.plan, n, bench.spool / f"{n:03d}", role_in(bench.plan, bench.folder, n))
        for n in numbers
    ]
    gates = bench.plan.plan.gates
    for number in numbers:
        bench.journal.note("attempt_start", {"number": number})
    link.ask(
        "queue",
        {
            "orders": orders,
            "gates": {
                "timeout_s": gates.timeout_s,
                "max_busy_ratio": gates.max_busy_ratio,
                "max_temperature_c": gates.max_temperature_c,
            },
        },
        answer="queued",
    )
    write_json(
        bench.folder.data / NAME,
        {
            "device": device,
            "spool": str(bench.spool),
            "first": numbers.start,
            "last": numbers.stop - 1,
        },
    )


def where(folder: RunFolder, found: Any) -> tuple[str, PurePosixPath, range]:  # noqa: ANN401
    """Device, spool and attempts of a detached run, from what its folder says."""
    try:
        numbers = range(int(found["first"]), int(found["last"]) + 1)
        return str(found["device"]), PurePosixPath(str(found["spool"])), numbers
    except (KeyError, TypeError, ValueError) as err:
        raise FolderError(str(folder.data / NAME), f"is not readable: {err!r}") from err


def take_all(bench: Bench, link: Link, numbers: range) -> str:
    """Keep what each attempt left, as the session tells of them. Gives "" or why one is short."""
    short = ""
    while True:
        message = link.receive(timeout_s=SILENCE_S)
        if message["type"] == "queue_end":
            return short
        if message["type"] == "attempt_end":
            short = _took(bench, message, numbers, link.device) or short
        elif message["type"] == "progress":
            tell(bench, int(message.get("number", 0)), message)


def take_rest(bench: Bench, link: Link) -> None:
    """Keep what a session told while nobody listened; waits for the attempt that runs there."""
    token, running, heard = uuid.uuid4().hex, False, False
    link.send("ping", {"id": token, "t1_ns": 0})
    known = range(1, max([0, *bench.folder.attempts(), *_spooled(bench)]) + 1)
    while running or not heard:
        try:
            message = link.receive(timeout_s=SILENCE_S)
        except AgentError:
            return  # it has ended; what it left without a word is salvaged
        running = message["type"] == "progress" or (running and message["type"] != "attempt_end")
        heard = heard or message.get("id") == token
        if message["type"] == "attempt_end":
            _took(bench, message, known, link.device)
        elif message["type"] == "progress":
            tell(bench, int(message.get("number", 0)), message)


def _spooled(bench: Bench) -> list[int]:
    return numbers_in(bench.transport, bench.spool)


def _took(bench: Bench, end: Message, numbers: range, device: str) -> str:
    number = end.get("number")
    if not isinstance(number, int) or number not in numbers:
        raise AgentError(device, f"told of attempt {number!r}, which was not ordered")
    if (bench.folder.attempt(number) / "attempt.json").exists():
        return ""  # collected before, and told again
    bench.watch(Progress("collect", number, bench.plan.plan.run.attempts))
    outcome = keep(bench, number, end, device)
    if outcome["status"] != "incomplete":
        return ""
    reason = str(outcome["reason"]).partition(":")[0]
    return "interrupted" if reason == "stopped" else reason
