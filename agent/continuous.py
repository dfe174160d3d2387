"""Streams at once in an engine of this process, batched continuously as servers do.

Each step is one call of the runtime. It computes the next token of every stream that decodes and,
in what room it has left, prompts: those of streams that begin at once together, and that of a
stream whose request has just ended beside the tokens of the others. So the time of a prompt holds
what was computed with it. Slots of llama-server are filled in the same order (llama.cpp,
tools/server: tokens first, then prompts up to `n_batch`).

Lines wait in memory for two seconds at most, and are written between two steps.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from agent.engines.base import Engine, EngineError, Part, Sequences, SideBySide
from agent.order import Order, Request
from agent.prompts import ids_sha256, prompt_of
from agent.stop_reasons import StoppedError, check_counts
from agent.streams import Diary
from agent.token_log import FLUSH_NS, PROGRESS_NS, Row, TokenLog, Voice

Numbered = tuple[int, Request]
Said = tuple[int, str, dict[str, Any]]


@dataclass(slots=True)
class Running:
    """A request while it runs. sequence: where. fed: tokens of its prompt that were computed.

    left: output tokens to be made. last: the newest. said, rows: events and tokens that wait to
    be written. written: tokens that were.
    """

    number: int
    about: Request
    prompt: list[int]
    sequence: int
    left: int
    fed: int = 0
    last: int = 0
    ended: bool = False
    said: list[Said] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    written: int = 0

    @property
    def made(self) -> int:
        """Output tokens so far."""
        return self.about.output_tokens - self.left

    def note(self, t_ns: int, event: str, args: dict[str, Any] | None = None) -> None:
        """An event of this request."""
        self.said.append((t_ns, event, {"request": self.number, **(args or {})}))


def next_parts(running: Sequence[Running], most: int) -> list[tuple[Running, Part]]:
    """What the next step computes: of each that decodes its last token, then prompts.

    most: tokens of a step; a prompt that has no room left goes on in the next one.
    """
    found = [
        (one, Part(one.sequence, len(one.prompt) + one.made - 1, (one.last,), wanted=True))
        for one in running
        if one.made
    ]
    left = most - len(found)
    for one in running:
        tokens = one.prompt[one.fed : one.fed + left]
        if tokens:
            left -= len(tokens)
            whole = one.fed + len(tokens) == len(one.prompt)
            found.append((one, Part(one.sequence, one.fed, tokens, wanted=whole)))
    return found


@dataclass(frozen=True, slots=True)
class Continuous:
    """What the requests of an attempt share."""

    order: Order
    engine: Engine
    voice: Voice
    stop: threading.Event
    diary: Diary
    tokens: TokenLog

    def run(self, alone: Callable[[int, Request], None]) -> None:
        """All requests in their order; alone: runs one that belongs to no step of streams.

        Raises StoppedError, TokenCountError, EngineError or OSError.
        """
        requests = self.order.requests
        if not isinstance(self.engine, SideBySide):
            raise EngineError("no-streams", "the engine computes one sequence at a time")
        sequences = self.engine.sequences(max(request.streams for request in requests))
        for streams, members in groupby(enumerate(requests), key=lambda each: each[1].streams):
            if streams:
                asked = list(members)
                queues = self._queues(asked, streams)
                _Step(self, sequences, queues, asked=asked[0][0] - 1).play()
                continue
            for number, request in members:
                alone(number, request)

    def _queues(self, members: Sequence[Numbered], streams: int) -> list[deque[Running]]:
        """The requests of each stream; prompts are made before the first of them begins."""
        queues: list[deque[Running]] = [deque() for _ in range(streams)]
        for number, request in members:
            ids = prompt_of(self.engine.tokenize, request.text, request.prompt_tokens)
            one = Running(number, request, ids, request.stream, request.output_tokens)
            queues[request.stream].append(one)
        return queues


@dataclass(slots=True)
class _Step:
    """One step of load: so many streams until each has done its requests.

    chosen: place in the batch and request of every token that is chosen after it. steady: the
    next batch is this one, each of its parts a token further. over: ended requests that wait to
    be written. asked: number of the last request by how many have begun, for the eye. made:
    output tokens of all.
    """

    shared: Continuous
    sequences: Sequences
    queues: list[deque[Running]]
    running: list[Running] = field(default_factory=list)
    chosen: list[tuple[int, Running]] = field(default_factory=list)
    steady: bool = False
    over: list[Running] = field(default_factory=list)
    asked: int = 0
    made: int = 0
    begun_ns: int = 0
    due_ns: int = 0
    flush_ns: int = 0

    def play(self) -> None:
        """Whatever ends it, all that was seen is written."""
        self.sequences.reset()
        self.begun_ns = now_ns = self.shared.engine.clock.now_ns()
        self.due_ns, self.flush_ns = now_ns + PROGRESS_NS, now_ns + FLUSH_NS
        try:
            self.running = [self._begun(queue.popleft(), now_ns) for queue in self.queues if queue]
            while self.running:
                self._once()
        finally:
            self._write()

    def _begun(self, one: Running, t_ns: int) -> Running:
        """Closed loop: a request is due when the one before it in its stream is done."""
        self.asked += 1
        self.sequences.clear(one.sequence, len(one.prompt) + one.about.output_tokens)
        which = {"streams": one.about.streams, "stream": one.about.stream}
        about = {"item": one.about.item, "warmup": one.about.warmup, "scheduled_ns": t_ns}
        one.note(t_ns, "request_start", {**about, **which})
        prompt = {"prompt_tokens": len(one.prompt), "prompt_sha256": ids_sha256(one.prompt)}
        one.note(t_ns, "tokenized", prompt)
        return one

    def _once(self) -> None:
        """One batch. What is alike in all batches of a stretch of decoding is not done again."""
        sequences, now_ns = self.sequences, self.shared.engine.clock.now_ns
        if self.steady:
            sequences.advance([one.last for _, one in self.chosen])
            ready_ns = sequences.compute()
        else:
            ready_ns = self._filled()
        allow_end, over = self.shared.order.stop == "natural", False
        choose = sequences.choose
        for place, one in self.chosen:
            token = one.last = choose(place, allow_end=allow_end)
            one.rows.append((ready_ns, now_ns(), token))
            one.left -= 1
            if not one.left or (allow_end and sequences.ends(token)):
                over = True
                self._end(one, at_end=allow_end and sequences.ends(token))
        self.made += len(self.chosen)
        self._after(now_ns(), over=over)

    def _filled(self) -> int:
        """Compute a batch whose parts are not those of the one before; gives its stamp."""
        sequences, now_ns = self.sequences, self.shared.engine.clock.now_ns
        parts = next_parts(self.running, sequences.most)
        sequences.fill([part for _, part in parts])
        prompts = [(one, part) for one, part in parts if not one.made]
        for one, _ in prompts:
            if not one.fed:
                one.note(now_ns(), "prefill_start")
        ready_ns = sequences.compute()
        for one, part in prompts:
            one.fed += len(part.tokens)
            if part.wanted:
                one.note(ready_ns, "prefill_end")
        self.chosen = [(place, one) for place, (one, part) in enumerate(parts) if part.wanted]
        self.steady = not prompts
        return ready_ns

    def _end(self, one: Running, *, at_end: bool) -> None:
        """This was its last token. Raises TokenCountError for the wrong number of them."""
        one.ended = True
        made = {"stop_reason": "end-of-text" if at_end else "length", "output_tokens": one.made}
        one.note(self.shared.engine.clock.now_ns(), "request_end", made)
        exact = self.shared.order.stop == "length"
        check_counts(one.number, one.about, len(one.prompt), one.made, exact=exact)

    def _after(self, t_ns: int, *, over: bool) -> None:
        """Between two batches: requests that follow, progress, lines to the disk.

        Raises StoppedError where the host said so.
        """
        if over:
            self.steady = False
            self._next(t_ns)
        if t_ns >= self.due_ns:
            self._pause(t_ns)
        if self.shared.stop.is_set():
            raise StoppedError

    def _next(self, t_ns: int) -> None:
        """The next request of each stream in which one has ended."""
        self.over += [one for one in self.running if one.ended]
        left: list[Running] = []
        for one in self.running:
            if not one.ended:
                left.append(one)
            elif queue := self.queues[one.sequence]:
                left.append(self._begun(queue.popleft(), t_ns))
        self.running = left

    def _pause(self, t_ns: int) -> None:
        """Progress, and lines to the disk when they have waited long enough."""
        self.due_ns = t_ns + PROGRESS_NS
        streams = len(self.queues)
        rate = self.made * 1e9 / (t_ns - self.begun_ns)
        self.shared.voice.output(t_ns, f"{streams} streams", self.asked, self.made, rate)
        if t_ns >= self.flush_ns:
            self.flush_ns = t_ns + FLUSH_NS
            self._write()

    def _write(self) -> None:
        """What waits, request by request; events may stand after later ones of others."""
        for one in (*self.over, *self.running):
            said, one.said = one.said, []
            rows, one.rows = one.rows, []
            for t_ns, event, args in said:
                self.shared.diary.note_at(t_ns, event, args)
            self.shared.tokens.write(one.number, one.written, rows)
            one.written += len(rows)
        self.over = []
