"""Load patterns that the device plays at the start and at the end of a run.

A meter that stands beside the right device shows them, at the times that its readings say. The
code is drawn when it is played, after the plan lies in the run folder: nobody can know it before,
and the log of another run has another one. The journal holds it, `data/pulses-<name>.tsv` what was
played, on the device's clock: for each process its states with the stamps around them.
"""

from __future__ import annotations

import secrets
from itertools import groupby, pairwise
from typing import Any

from agent.spool import Column, SpoolWriter
from agent.wire import Message
from host.errors import AgentError
from host.handover.progress import Progress
from host.handover.pulses import REACH_S
from host.run.attempts import Bench
from host.run.exchange import free_stream
from host.run.link import Link

# The two maximal-length codes of 7 bits (x^3 + x + 1 and x^3 + x^2 + 1 over GF(2)), each in all of
# its turns: half ones, and no turn of one is like another. Words of a pattern are drawn each.
CODES = tuple(code[i:] + code[:i] for code in ("1110100", "1110010") for i in range(7))
# Readings count whose time is known at every lag that is looked for; those of a meter that is new
# every half second are then whole before the first bit.
QUIET_S = REACH_S + 0.5
# The agent may take so long to start its processes and to end them, beside the pattern itself.
GRACE_S = 120.0
# Beyond any device; an answer with more is none.
MAX_PROCESSES = 1024
# What an agent answers that could not start its processes, and one that knows no pulses.
CANNOT = ("pulses-failed", "unknown-message")
COLUMNS = (
    Column("process", "{count}"),
    Column("load", "1"),
    Column("from_ns", "ns"),
    Column("until_ns", "ns"),
)


def drawn(words: int) -> str:
    """The bits of a pattern of so many words, by the system's random numbers."""
    return "".join(secrets.choice(CODES) for _ in range(words))


def play_pulses(bench: Bench, link: Link, name: str, ended: str = "") -> None:
    """Have a pattern played and keep it; a plan without pulses, and a run that ended early, none.

    What the device cannot play is noted in the journal: the run goes on, and is not judged by it.
    Raises AgentError for an answer that is none.
    """
    plan = bench.plan.plan.pulses
    if not plan or ended:
        return
    bits = drawn(plan.words)
    asked = {"bits": bits, "bit_s": plan.bit_s, "quiet_s": QUIET_S, "processes": plan.processes}
    bench.watch(Progress("pulses", waiting=f"{len(bits)} bits of {plan.bit_s:g} s"))
    bench.journal.note("pulses", {"name": name, "bits": bits, "bit_s": plan.bit_s})
    try:
        within_s = len(bits) * plan.bit_s + 2 * QUIET_S + GRACE_S
        said = link.ask("pulses", asked, timeout_s=within_s)
    except AgentError as err:
        if not any(code in str(err) for code in CANNOT):
            raise
        bench.journal.note("pulses-failed", {"name": name, "detail": str(err)[:500]})
        return
    rows = _rows(said, bits, link.device)
    stream = free_stream(bench.folder.data, f"pulses-{name}")
    clock = str(link.hello.get("clock", {}).get("domain", ""))
    writer = SpoolWriter(bench.folder.data / f"{stream}.tsv", stream, clock, COLUMNS)
    writer.extend(rows)
    writer.close()


def _rows(said: Message, bits: str, device: str) -> list[tuple[str, ...]]:
    """One line for each state of each process. Raises AgentError."""
    states = "0" + "".join(bit for bit, _ in groupby(bits)) + "0"
    processes = said.get("processes")
    if not isinstance(processes, list) or not 0 < len(processes) <= MAX_PROCESSES:
        raise AgentError(device, "said of a load pattern: no list of processes")
    rows: list[tuple[str, ...]] = []
    for number, stamps in enumerate(processes):
        _need_stamps(stamps, len(states) + 1, device)
        rows += [
            (str(number), state, str(since), str(until))
            for state, (since, until) in zip(states, pairwise(stamps), strict=True)
        ]
    return rows


def _need_stamps(found: Any, count: int, device: str) -> None:  # noqa: ANN401 - whatever was said
    whole = isinstance(found, list) and all(type(t) is int and 0 <= t < 1 << 63 for t in found)
    if not whole or len(found) != count or any(b < a for a, b in pairwise(found)):
        raise AgentError(device, f"said of a load pattern: not {count} stamps in order")
