"""One attempt in the engine's process: load, idle, requests, idle, unload, all written down."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.cold import drop
from agent.continuous import Continuous
from agent.engines.base import Engine, EngineError, Generated
from agent.engines.server import Server
from agent.inferences import InferenceLog, Inferring, graph_of
from agent.order import Order, Request, Staircase
from agent.pieces import write_pieces
from agent.pipes import Sender
from agent.prompts import ids_sha256, prompt_of
from agent.repeats import in_turn
from agent.serving import ChunkLog, Serving
from agent.spool import StreamEnd
from agent.staircase import play
from agent.stop_reasons import StoppedError, TokenCountError, check_counts, outcome_of
from agent.streams import Diary, disk_reason
from agent.token_log import TokenLog, Voice


@dataclass(frozen=True, slots=True)
class Outcome:
    """status `valid`, `void` or `incomplete`, the reason, and the streams that were closed."""

    status: str
    reason: str
    streams: tuple[StreamEnd, ...]


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
        if order.cold:
            diary.note("page_cache", drop(order.model, order.cold))
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
        t_ns = self.engine.clock.now_ns()
        late_s = self.engine.load_late_s if isinstance(self.engine, Server) else 0.0
        self.diary.note_at(t_ns, "load_end", {"late_ns": round(late_s * 1e9)} if late_s else {})

    def in_turn(self) -> Iterator[tuple[int, Request]]:
        """The requests with their numbers, repeated where the load shall last."""
        return in_turn(self.order.requests, self.order.lasting_s, self.engine.clock.now_ns)

    def requests(self, tokens: TokenLog) -> None:
        """One after the other, token by token."""
        for number, request in self.in_turn():
            self.request(number, request, tokens)

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

    def request(self, number: int, request: Request, tokens: TokenLog) -> None:
        """One request. Only its start is written at once; the rest when its output is there.

        A write takes some 15 us, and the prefill of a small model 6 ms.
        """
        diary, engine, args = self.diary, self.engine, {"request": number}
        now_ns = engine.clock.now_ns
        self.voice.output(now_ns(), "prefill", number, 0, None)
        scheduled_ns = now_ns()  # closed loop: it is due when the last one is done
        about = {"item": request.item, "warmup": request.warmup, "scheduled_ns": scheduled_ns}
        diary.note("request_start", {**args, **about})
        own = prompt_of(engine.tokenize, request.text, request.prompt_tokens)
        talk = None if request.warmup else tokens.history
        ids, turn = (own, {}) if talk is None else talk.prompt(own)
        marks = [(now_ns(), "tokenized")]
        tokens.begin(number, "warm-up" if request.warmup else "decode", marks[0][0])
        try:
            generated = self._generate(request, ids, tokens, marks)
            end_ns = now_ns()
        finally:
            facts = {"prompt_tokens": len(ids), "prompt_sha256": ids_sha256(ids), **turn}
            for t_ns, name in marks:
                diary.note_at(t_ns, name, {**args, **facts} if name == "tokenized" else args)
        made = tokens.end()
        ended = {"stop_reason": generated.stop_reason, "output_tokens": made}
        diary.note_at(end_ns, "request_end", {**args, **ended})
        if talk is not None:
            talk.over(ids)
        check_counts(number, request, len(own), made, exact=self.order.stop == "length")
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


def run_attempt(order: Order, engine: Engine, sender: Sender, stop: threading.Event) -> Outcome:
    """Run the attempt; whatever goes wrong is an outcome, and the streams are closed."""
    voice = Voice(sender, order)
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
        return lambda: inferring.run(attempt.in_turn(), attempt.heed_stop), [log.close]
    tokens = TokenLog(order, engine, voice, stop)
    closers = [tokens.close]
    if order.pieces:
        closers.append(lambda: write_pieces(order.directory, engine.clock, tokens.pieces))
    if any(request.streams for request in order.requests):
        continuous = Continuous(order, engine, voice, stop, attempt.diary, tokens)
        return lambda: continuous.run(lambda n, r: attempt.request(n, r, tokens)), closers
    return lambda: attempt.requests(tokens), closers


def _closed(close: Callable[[], StreamEnd]) -> StreamEnd | str:
    try:
        return close()
    except OSError as err:
        return disk_reason(err)
