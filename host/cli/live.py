"""Progress of a run: a live line on a terminal, a line per phase anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from host.handover.progress import Progress, Watch
from host.report.html_text import visible

# Not a terminal: at least one line in this time, so that nobody takes a long run for a dead one.
HEARTBEAT_S = 60.0
# A bar that is full stops its clock, and the next phase goes on with it.
NOT_YET = 0.999
# Of one moment on one line; what failed is told in full at the end.
MOST_CHARACTERS = 500
# Phases whose words are a warning: they stay above the live line.
STAYS = ("memory",)


@contextmanager
def watching(console: Console) -> Iterator[Watch]:
    """A Watch that draws on this console."""
    if not console.is_terminal:
        yield PlainWatch()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(24))
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Bar(*columns, *times, console=console, transient=True) as bar:
        task = bar.add_task("prepare", total=None)

        def watch(moment: Progress) -> None:
            if moment.phase in STAYS:
                bar.console.print(visible(sentence(moment), MOST_CHARACTERS), markup=False)
                return
            ratio = done_ratio(moment)
            bar.update(
                task,
                description=sentence(moment),
                total=None if ratio is None else 1.0,
                completed=min(ratio or 0.0, NOT_YET),
            )

        yield watch


def sentence(moment: Progress) -> str:
    """One moment as words: attempt i of n, phase, request, live value, what it waits for."""
    parts = []
    if moment.attempt:
        parts.append(f"attempt {moment.attempt}/{moment.attempts}")
    parts.append(moment.phase)
    if moment.request:
        parts.append(_request(moment))
    made = "inference" if "inference" in moment.phase else "token"
    if moment.tokens:
        parts.append(f"{moment.tokens} {made}s")
    if moment.rate is not None:
        parts.append(f"{moment.rate:.1f} {made}/s")
    if moment.waiting:
        parts.append(f"waiting: {moment.waiting}" if moment.attempt else moment.waiting)
    return " · ".join(parts)


def _request(moment: Progress) -> str:
    """Of how many, or of a load that lasts since when: how many it comes to, nobody knows."""
    if moment.lasted_s is None or moment.lasting_s is None:
        return f"request {moment.request}/{moment.requests}"
    left_s = max(moment.lasting_s - moment.lasted_s, 0.0)
    spent, whole, left = (_minutes(s) for s in (moment.lasted_s, moment.lasting_s, left_s))
    return f"request {moment.request} · {spent} of {whole}, {left} left"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def done_ratio(moment: Progress) -> float | None:
    """How much of the run is done: whole attempts, and requests or time of the running one."""
    if moment.done_ratio is not None:
        return moment.done_ratio
    if not moment.attempts:
        return None
    return (moment.attempt - 1 + max(0.0, min(_inside(moment), 1.0))) / moment.attempts


def _inside(moment: Progress) -> float:
    if moment.lasted_s is not None and moment.lasting_s:
        return moment.lasted_s / moment.lasting_s
    return max(0, moment.request - 1) / moment.requests if moment.requests else 0.0


@dataclass(slots=True)
class PlainWatch:
    """A line per attempt and phase outside attempts, and one per HEARTBEAT_S in between."""

    said: tuple[str, int] = ("", 0)
    said_at_s: float = 0.0
    prefix: str = ""

    def __call__(self, moment: Progress) -> None:
        now_s = time.monotonic()
        outside = moment.attempt == 0 or bool(moment.waiting)
        key = (moment.phase if outside else "", moment.attempt)
        if key != self.said or now_s - self.said_at_s >= HEARTBEAT_S:
            self.said, self.said_at_s = key, now_s
            said = visible(sentence(moment), MOST_CHARACTERS)
            print(self.prefix + said, file=sys.stderr, flush=True)
