"""Requests of a plain graph: inputs made once, then a stated number of inferences on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.engines.base import EngineError, Graph
from agent.order import Request
from agent.spool import Column, StreamEnd
from agent.streams import Diary, open_stream
from collectors.protocol import Clock

INFERENCES = "inferences"
COLUMNS = (
    Column("request", "{count}"),
    Column("index", "{count}"),
    Column("start_ns", "ns"),
    Column("end_ns", "ns"),
)
# As often as tokens: signs of life and lines to the disk (agent/runner.py).
PROGRESS_NS, FLUSH_NS = 500_000_000, 2_000_000_000

# Time, phase, request, how many so far, and their rate.
Tell = Callable[[int, str, int, int, "float | None"], None]
Heed = Callable[[], None]


class InferenceLog:
    """The inferences stream. heed: raises where the attempt shall end."""

    def __init__(self, directory: Path, clock: Clock, tell: Tell, heed: Heed) -> None:
        self._writer = open_stream(directory, INFERENCES, clock, COLUMNS)
        self._tell, self._heed = tell, heed
        self._request, self._phase, self._count = 0, "", 0
        self._first_ns = self._due_ns = self._flush_ns = 0
        self._rows: list[tuple[int, int]] = []

    def begin(self, number: int, phase: str, t_ns: int) -> None:
        self._request, self._phase, self._count, self._first_ns = number, phase, 0, t_ns
        self._due_ns, self._flush_ns = t_ns + PROGRESS_NS, t_ns + FLUSH_NS

    def take(self, start_ns: int, end_ns: int) -> None:
        """One inference; runs between two of them, so it must stay short."""
        self._rows.append((start_ns, end_ns))
        if end_ns >= self._due_ns:
            self._pause(end_ns)

    def end(self) -> int:
        """Write what waits; gives the number of inferences of the request."""
        self._flush()
        return self._count

    def close(self) -> StreamEnd:
        try:
            self._flush()
        finally:
            end = self._writer.close()
        return end

    def _pause(self, t_ns: int) -> None:
        self._due_ns = t_ns + PROGRESS_NS
        made = self._count + len(self._rows)
        passed_ns = t_ns - self._first_ns
        self._tell(t_ns, self._phase, self._request, made, made * 1e9 / passed_ns)
        if t_ns >= self._flush_ns:
            self._flush_ns = t_ns + FLUSH_NS
            self._flush()
        self._heed()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        number, first = str(self._request), self._count
        self._count += len(rows)
        self._writer.extend(
            [(number, str(first + i), str(s), str(e)) for i, (s, e) in enumerate(rows)]
        )


@dataclass(frozen=True, slots=True)
class Inferring:
    """What the requests of an attempt share. count: inferences a request."""

    engine: Graph
    diary: Diary
    log: InferenceLog
    count: int

    def run(self, requests: Iterable[tuple[int, Request]], heed: Heed) -> None:
        """All requests of an attempt with their numbers, one after the other."""
        for number, request in requests:
            self.request(number, request)
            heed()

    def request(self, number: int, request: Request) -> None:
        """One request; its inputs are made before the first stamp and stay for all inferences."""
        diary, log, engine, args = self.diary, self.log, self.engine, {"request": number}
        now_ns, infer = engine.clock.now_ns, engine.infer
        about = {"item": request.item, "warmup": request.warmup, "scheduled_ns": now_ns()}
        diary.note("request_start", {**args, **about})
        made = engine.prepare(request.text)
        ready_ns = diary.note("inputs_ready", {**args, "input_sha256": made})
        log.begin(number, "warm-up inference" if request.warmup else "inference", ready_ns)
        first = outputs = None
        for index in range(self.count):
            outputs = None  # given back outside of the stamps
            start_ns = now_ns()
            outputs = infer()
            log.take(start_ns, now_ns())
            first = outputs if index == 0 else first
        end_ns = now_ns()
        ended = {"inferences": log.end(), "output_sha256": engine.digest(outputs)}
        repeated = engine.digest(first) == ended["output_sha256"]
        shown = {"repeated": repeated, "output_sample": engine.sample(outputs)}
        diary.note_at(end_ns, "request_end", {**args, **ended, **shown})


def graph_of(engine: Any) -> Graph:  # noqa: ANN401 - of any kind
    """The engine as one of plain graphs. Raises EngineError for one that makes tokens."""
    if not hasattr(engine, "infer"):
        raise EngineError("no-inference", "the engine makes tokens and runs no plain graph")
    graph: Graph = engine
    return graph
