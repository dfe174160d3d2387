"""Runs the attempts of a resolved plan one after the other and keeps what each leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from agent.wire import Message
from collectors.protocol import Clock
from host.artefacts.datasets.drawn import drawn
from host.errors import AgentError
from host.handover.load_shape import LoadPlan
from host.handover.pairing import Role, order_key, role_of
from host.handover.plan import ResolvedPlan
from host.handover.progress import Progress, Watch
from host.handover.scores import PIECES_ENGINES
from host.handover.staircase import staircase_order
from host.run.ambient import Look, pass_ambient
from host.run.collect import collect, output_end, output_fields, stream_ends, write_attempt
from host.run.exchange import exchange
from host.run.far_spool import remove
from host.run.fetch import Pulls
from host.run.folder import RunFolder, check_writable
from host.run.gates import pass_gates
from host.run.journal import Journal
from host.run.link import Link
from host.run.same_server import other_server
from host.run.surroundings import Surroundings
from host.transport.base import Transport

# The agent's own watchdog ends a hung engine; the host waits a little longer for the agent.
AGENT_GRACE_S = 60.0
# Of the progress: what is beyond is no number that anybody reads, nor one that a float holds.
MOST_SHOWN = 1e15


@dataclass(slots=True)
class StopSwitch:
    """What the user asked for: 0 go on, 1 end after this attempt, 2 end at once.

    patience: presses that leave alone what runs: one for an attempt, none for what is done over.
    """

    level: int = 0
    link: Link | None = None
    patience: int = 1

    def press(self) -> None:
        self.level += 1
        if self.level == self.patience + 1 and self.link is not None:
            self.link.send("stop")

    @contextmanager
    def at_once(self, link: Link) -> Iterator[None]:
        """While something runs there that the first press ends, since nothing is lost with it."""
        self.link, self.patience = link, 0
        try:
            yield
        finally:
            self.patience = 1


class LeftGateError(Exception):
    """The user ended the run before a gate had opened: the attempt has not begun."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything an attempt needs: the plan, the way to the device, where results go.

    between: exchange stamps after each attempt too, since device and host have two clocks.
    patience_s: how long a device that went away is looked for. air: what the ambient meters show.
    """

    plan: ResolvedPlan
    folder: RunFolder
    transport: Transport
    spool: PurePosixPath
    clock: Clock
    journal: Journal
    watch: Watch
    launch: Mapping[str, str]
    between: bool = False
    switch: StopSwitch = field(default_factory=StopSwitch)
    around: Surroundings | None = None
    patience_s: float = 0.0
    air: Look | None = None

    @property
    def pulls(self) -> Pulls:
        """How files come from the device."""
        return Pulls(
            self.transport,
            self.clock,
            self.journal.note,
            self.patience_s,
            lambda why: self.watch(Progress("link", waiting=why)),
        )


def talk_of(load: LoadPlan) -> dict[str, Any]:
    """What makes talks of the scored requests."""
    return {"turns": load.turns, "prefix_cache": load.prefix_cache}


def names_of(model: Mapping[str, Any]) -> list[str]:
    """Names of a model's files, as its inspection has them."""
    return [str(file["name"]) for file in model.get("files", ())]


def role_in(plan: ResolvedPlan, folder: RunFolder, number: int) -> Role:
    """The role of an attempt: its slot is how many attempts before it ended valid or void."""
    slot = sum(folder.ended(n) for n in folder.attempts() if n < number)
    return role_of(plan.plan, slot)


def role_fields(role: Role) -> dict[str, Any]:
    """A role as `attempt.json` states it."""
    return {"sampled": role.sampled, **({"pair": role.pair} if role.pair else {})}


def order_of(plan: ResolvedPlan, number: int, spool: PurePosixPath, role: Role) -> dict[str, Any]:
    """The order for one attempt as the agent gets it; the items' order is drawn from the seed."""
    run, sampling = plan.plan.run, plan.plan.sampling
    by_item = {r.item: r for r in plan.requests}
    key = order_key(number, role.pair)
    requests = [
        {
            "item": one.item,
            "text": by_item[one.item].text,
            "prompt_tokens": by_item[one.item].prompt_tokens,
            "output_tokens": by_item[one.item].output_tokens,
            "warmup": one.warmup,
            **({"streams": one.streams, "stream": one.stream} if one.streams else {}),
        }
        for one in drawn(tuple(by_item), run, plan.plan.load, key)
    ]
    steps = plan.plan.staircase
    inference, load = plan.plan.inference, plan.plan.load
    pieces = plan.dataset.get("answers") and plan.engine_kind in PIECES_ENGINES
    return {
        **({"lasting_s": load.duration_s} if load and load.shape == "sustained" else {}),
        **({"talk": talk_of(load)} if load and load.shape == "chat" else {}),
        **({"cold": names_of(plan.model)} if load and load.shape == "cold" else {}),
        **({"inferences": inference.count} if inference else {}),
        **({"pieces": True} if pieces else {}),
        **({"staircase": staircase_order(steps, run.seed, number)} if steps else {}),
        "number": number,
        "directory": str(spool),
        "engine": {"kind": plan.engine_kind, "settings": plan.engine_settings},
        "model": plan.model_path,
        "requests": requests,
        "stop": run.stop,
        "idle_before_s": run.idle_before_s,
        "idle_after_s": run.idle_after_s,
        "watchdog_s": run.watchdog_s,
        "sampling": {
            "enabled": role.sampled,
            "rate_hz": sampling.rate_hz,
            "kinds": list(sampling.kinds) or None,
            "seed": run.seed * 1_000_003 + number,  # another jitter for every attempt
            "jitter_ratio": sampling.jitter_ratio,
        },
    }


def run_attempts(bench: Bench, link: Link, numbers: range) -> str:
    """Run these attempts. Gives "" or why not all were run.

    `interrupted` by the user, `disk-full` or `spool-unwritable` on the device. Raises
    FolderError before an attempt that the host's disk may have no room for.
    """
    bench.switch.link = link
    for number in numbers:
        if bench.switch.level:
            return "interrupted"
        check_writable(bench.folder.path.parent)
        try:
            outcome = run_attempt(bench, link, number)
        except LeftGateError:
            return "interrupted"
        if bench.between:
            exchange(link, bench.folder, bench.clock, f"between-{number:03d}")
        if outcome["status"] == "incomplete":
            reason = str(outcome["reason"]).partition(":")[0]
            return "interrupted" if reason == "stopped" else reason
    return "interrupted" if bench.switch.level else ""


def run_attempt(bench: Bench, link: Link, number: int) -> dict[str, Any]:
    """One attempt, from the gates to `attempt.json`."""
    attempts = bench.plan.plan.run.attempts
    closed = _wait(bench, link, number)
    if closed:
        role = role_fields(role_in(bench.plan, bench.folder, number))
        outcome = {"status": "void", "reason": closed, "streams": [], "engine": {}, **role}
        write_attempt(bench.folder, number, outcome)
        return outcome
    spool = bench.spool / f"{number:03d}"
    bench.journal.note("attempt_start", {"number": number})
    end = link.attempt(
        order_of(bench.plan, number, spool, role_in(bench.plan, bench.folder, number)),
        lambda message: tell(bench, number, message),
        silence_s=bench.plan.plan.run.watchdog_s + AGENT_GRACE_S,
    )
    bench.watch(Progress("collect", number, attempts))
    spoilt = bench.around.after(number) if bench.around else ""
    if spoilt and end.get("status") == "valid":
        end = {**end, "status": "void", "reason": spoilt}
    return keep(bench, number, end, link.device)


def _wait(bench: Bench, link: Link, number: int) -> str:
    """Wait at the gates: those of the device's state where one is looked at, else the agent's.

    Then at those of the air, which hold or do not whatever the device did meanwhile. Raises
    LeftGateError when the user no longer wants to wait.
    """
    gates, attempts = bench.plan.plan.gates, bench.plan.plan.run.attempts

    began_ns = bench.clock.now_ns()

    def waiting(why: str) -> None:
        if bench.switch.level:
            raise LeftGateError
        left_s = gates.timeout_s - (bench.clock.now_ns() - began_ns) / 1e9
        until = f"{why}; void in {max(left_s, 0.0):.0f} s"
        bench.watch(Progress("gate", number, attempts, waiting=until))

    if bench.around is not None:
        closed = bench.around.before(number, waiting)
    else:
        closed = pass_gates(gates, link, bench.clock, waiting)
    began_ns = bench.clock.now_ns()
    return closed or pass_ambient(gates, bench.air, bench.clock, waiting)


def keep(bench: Bench, number: int, end: Mapping[str, Any], device: str) -> dict[str, Any]:
    """Collect what an attempt left and write its `attempt.json`."""
    spool = bench.spool / f"{number:03d}"
    ends = stream_ends(end, device)
    output = output_end(end, device)
    damaged = collect(bench.pulls, spool, bench.folder, number, ends, output)
    status, reason = str(end.get("status")), str(end.get("reason", ""))
    if status not in ("valid", "void", "incomplete"):
        raise AgentError(device, f"attempt_end has status {status!r}")
    spoilt = damaged or other_server(bench.folder, number, end)
    outcome = {
        "status": "void" if spoilt and status == "valid" else status,
        "reason": spoilt if spoilt and status == "valid" else reason,
        "streams": [
            {"stream": e.stream, "lines": e.lines, "size_bytes": e.size_bytes, "sha256": e.sha256}
            for e in ends
        ],
        "engine": end.get("engine") or {},
        "sources": end.get("sources") or {},
        **output_fields(output),
        **role_fields(role_in(bench.plan, bench.folder, number)),
    }
    write_attempt(bench.folder, number, outcome)
    bench.journal.note("attempt_end", {"number": number, "status": outcome["status"]})
    if not damaged:
        remove(bench.transport, spool)
    return outcome


def tell(bench: Bench, number: int, message: Message) -> None:
    """Pass the agent's progress on; it is for the eye, so what is odd in it is left out."""
    if message["type"] != "progress":
        return
    bench.watch(
        Progress(
            phase=str(message.get("phase", ""))[:40],
            attempt=number,
            attempts=bench.plan.plan.run.attempts,
            request=_count(message.get("request")),
            requests=_count(message.get("requests"))
            or len(bench.plan.requests) + bench.plan.plan.run.warmups,
            tokens=_count(message.get("tokens")),
            rate=_number(message.get("rate")),
            waiting=str(message.get("waiting", ""))[:200],
            lasted_s=_number(message.get("lasted_s")),
            lasting_s=_number(message.get("lasting_s")),
        )
    )


def _number(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) and abs(found) < MOST_SHOWN else None


def _count(found: object) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
