"""Attempts that a kept session runs by itself: handed over at once, collected whenever.

`data/detached.json` says where they run, so that another process can collect them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import msgspec

from agent.wire import Message
from host.errors import AgentError, FolderError
from host.handover.progress import Progress
from host.run.attempts import Bench, keep, order_of, role_in, tell
from host.run.far_spool import numbers_in
from host.run.folder import RunFolder, write_json
from host.run.gates import for_agent
from host.run.link import Link

NAME = "detached.json"
# A session says something every 10 s at least (agent/supervise.py) but while a gate is shut.
SILENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Held:
    """What a detached run leaves set on its device.

    lease: as the `queue` message tells it to the agent. story: what was set, as
    `data/controls.json` will tell it.
    """

    lease: Mapping[str, Any]
    story: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Where:
    """What `data/detached.json` says.

    device: as the plan calls it. token: of the leases, or "". story: what was set.
    """

    device: str
    spool: PurePosixPath
    numbers: range
    token: str
    story: Sequence[Mapping[str, Any]]


def hand_over(bench: Bench, link: Link, numbers: range, device: str, held: Held | None) -> None:
    """Queue these attempts on the device and note where they are.

    device: what the plan calls it. held: what stays set there meanwhile.
    """
    orders = [
        order_of(bench.plan, n, bench.spool / f"{n:03d}", role_in(bench.plan, bench.folder, n))
        for n in numbers
    ]
    for number in numbers:
        bench.journal.note("attempt_start", {"number": number})
    asked = {"orders": orders, "gates": for_agent(bench.plan.plan.gates)}
    if held is not None:
        asked["lease"] = held.lease
    link.ask("queue", asked, answer="queued")
    write_json(
        bench.folder.data / NAME,
        {
            "device": device,
            "spool": str(bench.spool),
            "first": numbers.start,
            "last": numbers.stop - 1,
            "token": held.lease["token"] if held is not None else "",
            "controls": list(held.story) if held is not None else [],
        },
    )


def where(folder: RunFolder) -> Where:
    """Where a detached run is, from what its folder says. Raises FolderError."""
    path = folder.data / NAME
    if not path.exists():
        said = "is no detached run; `inferometer measure --resume` goes on"
        raise FolderError(str(folder.path), said)
    try:
        found = msgspec.json.decode(path.read_bytes())
        return Where(
            str(found["device"]),
            PurePosixPath(str(found["spool"])),
            range(int(found["first"]), int(found["last"]) + 1),
            str(found.get("token", "")),
            tuple(dict(event) for event in found.get("controls", ())),
        )
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError) as err:
        raise FolderError(str(path), f"is not readable: {err!r}") from err


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
