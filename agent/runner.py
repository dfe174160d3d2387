"""One attempt in the engine's process: load, idle, requests, idle, unload, all written down."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import dataclass

from agent.engines.base import Engine, EngineError, Generated
from agent.engines.server import Server
from agent.inferences import InferenceLog, Inferring, graph_of
from agent.order import Order, Request, Staircase
from agent.pieces import write_pieces
from agent.pipes import Sender
from agent.prompts import ids_sha256, prompt_of
from agent.serving import ChunkLog, Serving
from agent.spool import StreamEnd
from agent.staircase import play
from agent.stop_reasons import StoppedError, TokenCountError, outcome_of
from agent.streams import TOKEN_COLUMNS, TOKENS, Diary, disk_reason, open_stream

# Signs of life and progress during output: one every half second. Each wakes two processes, and
# on a device with as many engine threads as cores that costs output.
PROGRESS_NS = 500_000_000
# Token lines wait in memory this long at most, so that a request shorter than it is written down
# after its last token and a kill loses no more than this (`shared` reference, reliability 2.2).
FLUSH_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """status `valid`, `void` or `incomplete`, the reason, and the streams that were closed."""

    status: str
    reason: str
    streams: tuple[StreamEnd, ...]


class Voice:
    """Progress to the session, not more often than PROGRESS_NS unless it must be said."""

    def __init__(self, sender: Sender, requests: int) -> None:
        self._sender = sender
        self._requests = requests
        self._last_ns = -PROGRESS_NS

    def phase(self, phase: str, silent_s: float = 0.0) -> None:
        """A phase begins in which nothing will be said for `silent_s`."""
        fields = {"phase": phase, "request": 0, "requests": self._requests, "tokens": 0}
        self._sender.send("progress", {**fields, "rate": None, "silent_s": silent_s})

    def output(self, t_ns: int, phase: str, request: int, tokens: int, rate: float | None) -> None:
        """A request goes on; said when the last time is long enough ago."""
        if t_ns - self._last_ns < PROGRESS_NS:
            return
        self._last_ns = t_ns
        fields = {"phase": phase, "request": request + 1, "requests": self._requests}
        self._sender.send("progress", {**fields, "tokens": tokens, "rate": rate})


class TokenLog:
    """The tokens stream. `take` runs once a token between two decodes: it must stay short."""

    def __init__(self, order: Order, engine: Engine, voice: Voice, stop: threading.Event) -> None:
        self._writer = open_stream(order.directory, TOKENS, engine.clock, TOKEN_COLUMNS)
        self._piece = engine.piece
        self._sizes: dict[int, str] = {}
        self.pieces: dict[int, bytes] = {}
        self._voice = voice
        self._stop = stop
        self._request = 0
        self._phase = ""
        self._first_ns: int | None = None
        self._count = 0
        self._rows: list[tuple[int, int, int]] = []
        self._due_ns = self._flush_ns = 0

    def begin(self, number: int, phase: str, t_ns: int) -> None:
        self._request, self._phase, self._count, self._first_ns = number, phase, 0, None
        self._due_ns, self._flush_ns = t_ns + PROGRESS_NS, t_ns + FLUSH_NS

    def take(self, ready_ns: int, t_ns: int, token: int) -> None:
        self._rows.append((ready_ns, t_ns, token))
        if t_ns >= self._due_ns:
            self._pause(t_ns)

    def end(self) -> int:
        """Write what waits; gives the number of tokens of the request."""
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
        if self._first_ns is None and self._rows:
            self._first_ns = self._rows[0][1]
        made = self._count + len(self._rows)
        passed_ns = t_ns - (self._first_ns or t_ns)
        rate = (made - 1) * 1e9 / passed_ns if passed_ns else None
        self._voice.output(t_ns, self._phase, self._request, made, rate)
        if t_ns >= self._flush_ns:
            self._flush_ns = t_ns + FLUSH_NS
            self._flush()
        if self._stop.is_set():
            raise StoppedError

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        number, start = str(self._request), self._count
        self._count += len(rows)
        self._writer.extend(
            [
                (number, str(start + i), str(ready), str(t), str(token), self._size(token))
                for i, (ready, t, token) in enumerate(rows)
            ]
        )

    def _size(self, token: int) -> str:
        found = self._sizes.get(token)
        if found is None:
            piece = self.pieces[token] = self._piece(token)
            found = self._sizes[token] = str(len(piece))
        return found


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the parts of an attempt share."""

    order: Order
    engine: Engine
    voice: Voice
    stop: threading.Event
    diary: Diary

    def run(self, serve: Callable[[], None]) -> None:
        """serve: runs all requests. Raises StoppedError, TokenCountError, EngineError, OSError."""
        order, diary = self.order, self.diary
        self.heed_stop()
        self.voice.phase("load")
        self._load()
        gc.collect()
        gc.freeze()
        gc.disable()  # no pause of the collector between two tokens
        self._idle("idle_before", order.idle_before_s)
        serve()
        self._idle("idle_after", order.idle_after_s)
        if order.staircase is not None:
            self._staircase(order.staircase)
        diary.note("unload")

    def _load(self) -> None:
        """A server that ran before is not loaded here, so nothing of it is a load."""
        if isinstance(self.engine, Server) and not self.engine.loads:
            self.engine.load()
            self.diary.note("server_found")
            return
        self.diary.note("load_start")
        self.engine.load()
        self.diary.note("load_end")

    def requests(self, tokens: TokenLog) -> None:
        """One after the other, token by token."""
        for number, request in enumerate(self.order.requests):
            self._request(number, request, tokens)

    def _staircase(self, steps: Staircase) -> None:
        """After all that is measured, so that nothing of it runs on a device that they warmed."""

        def begin() -> None:
            self.voice.phase("staircase", steps.dwell_s)

        play(steps.levels, steps.dwell_s, self.stop, self.diary.note, begin)
        self.heed_stop()

    def _idle(self, name: str, seconds: float) -> None:
        if seconds > 0:
            self.voice.phase("idle", seconds)
            self.diary.note(f"{name}_start")
            self.stop.wait(seconds)
            self.diary.note(f"{name}_end")
        self.heed_stop()

    def heed_stop(self) -> None:
        """Raises StoppedError where the host said so."""
        if self.stop.is_set():
            raise StoppedError

    def _request(self, number: int, request: Request, tokens: TokenLog) -> None:
        """One request. Only its start is written at once; the rest when its output is there.

        A write takes some 15 us, and the prefill of a small model 6 ms.
        """
        diary, engine, args = self.diary, self.engine, {"request": number}
        now_ns = engine.clock.now_ns
        self.voice.output(now_ns(), "prefill", number, 0, None)
        scheduled_ns = now_ns()  # closed loop: it is due when the last one is done
        about = {"item": request.item, "warmup": request.warmup, "scheduled_ns": scheduled_ns}
        diary.note("request_start", {**args, **about})
        ids = prompt_of(engine.tokenize, request.text, request.prompt_tokens)
        marks = [(now_ns(), "tokenized")]
        tokens.begin(number, "warm-up" if request.warmup else "decode", marks[0][0])
        try:
            generated = self._generate(request, ids, tokens, marks)
            end_ns = now_ns()
        finally:
            facts = {"prompt_tokens": len(ids), "prompt_sha256": ids_sha256(ids)}
            for t_ns, name in marks:
                diary.note_at(t_ns, name, {**args, **facts} if name == "tokenized" else args)
        made = tokens.end()
        ended = {"stop_reason": generated.stop_reason, "output_tokens": made}
        diary.note_at(end_ns, "request_end", {**args, **ended})
        self._check_counts(number, request, len(ids), made)
        self.heed_stop()

    def _generate(
        self, request: Request, ids: list[int], tokens: TokenLog, marks: list[tuple[int, str]]
    ) -> Generated:
        now_ns = self.engine.clock.now_ns

        def mark(name: str) -> int:
            t_ns = now_ns()
            marks.append((t_ns, name))
            return t_ns

        return self.engine.generate(
            ids,
            request.output_tokens,
            stop_at_end=self.order.stop == "natural",
            on_token=tokens.take,
            mark=mark,
        )

    def _check_counts(self, number: int, request: Request, prompt: int, made: int) -> None:
        if request.prompt_tokens not in {None, prompt}:
            said = f"{prompt} prompt tokens, {request.prompt_tokens} ordered"
            raise TokenCountError(f"request {number}: {said}")
        exact = self.order.stop == "length"
        if made > request.output_tokens or made < (request.output_tokens if exact else 1):
            said = f"{made} output tokens, {request.output_tokens} ordered"
            raise TokenCountError(f"request {number}: {said}")


def run_attempt(order: Order, engine: Engine, sender: Sender, stop: threading.Event) -> Outcome:
    """Run the attempt; whatever goes wrong is an outcome, and the streams are closed."""
    voice = Voice(sender, len(order.requests))
    closers: list[Callable[[], StreamEnd]] = []
    status, reason = "valid", ""
    try:
        diary = Diary(order.directory, engine.clock)
        closers.append(diary.close)
        attempt = Attempt(order, engine, voice, stop, diary)
        serve, more = _serving(attempt)
        closers += more
        attempt.run(serve)
    except (StoppedError, TokenCountError, EngineError, MemoryError, OSError) as err:
        status, reason = outcome_of(err)
    ends = []
    for close in closers:
        end = _closed(close)
        if isinstance(end, StreamEnd):
            ends.append(end)
        else:
            status, reason = "incomplete", end
    return Outcome(status, reason, tuple(ends))


def _serving(attempt: Attempt) -> tuple[Callable[[], None], list[Callable[[], StreamEnd]]]:
    """What runs the requests, and what closes the streams that they write."""
    order, engine, voice, stop = attempt.order, attempt.engine, attempt.voice, attempt.stop
    if isinstance(engine, Server):
        chunks = ChunkLog(order, engine.clock)
        serving = Serving(order, engine, engine.clock, voice, stop, attempt.diary, chunks)
        return serving.run, [chunks.close]
    if order.inferences is not None:
        graph = graph_of(engine)
        log = InferenceLog(order.directory, engine.clock, voice.output, attempt.heed_stop)
        inferring = Inferring(graph, attempt.diary, log, order.inferences)
        return lambda: inferring.run(order.requests, attempt.heed_stop), [log.close]
    tokens = TokenLog(order, engine, voice, stop)
    closers = [tokens.close]
    if order.pieces:
        closers.append(lambda: write_pieces(order.directory, engine.clock, tokens.pieces))
    return lambda: attempt.requests(tokens), closers


def _closed(close: Callable[[], StreamEnd]) -> StreamEnd | str:
    """What the stream held, or why it could not be ended."""
    try:
        return close()
    except OSError as err:
        return disk_reason(err)
