"""The requests of an attempt to a server: one by one, as a talk, or some streams at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Protocol

from agent.engines.base import EngineError
from agent.engines.server import Chunk, Prompt, Served, Server
from agent.order import Order, Request
from agent.recounting import COUNTED, Uncounted, recounted
from agent.repeats import in_turn
from agent.served_chat import ServedHistory
from agent.spool import SpoolWriter, StreamEnd
from agent.stop_reasons import StoppedError, TokenCountError
from agent.streams import CHUNK_COLUMNS, CHUNKS, Diary, open_stream
from collectors.protocol import Clock

Numbered = tuple[int, Request]
Prompts = Mapping[Request, Prompt]
Mark = tuple[int, str]


class Output(Protocol):
    """Who is told how far a request is (`agent.runner.Voice`)."""

    def output(
        self, t_ns: int, phase: str, request: int, tokens: int, rate: float | None
    ) -> None: ...


class ChunkLog:
    """The chunks stream; rows of a request are written when it is over."""

    def __init__(self, order: Order, clock: Clock) -> None:
        self._writer: SpoolWriter = open_stream(order.directory, CHUNKS, clock, CHUNK_COLUMNS)

    def write(self, number: int, chunks: Sequence[Chunk]) -> None:
        self._writer.extend([_row(number, i, chunk) for i, chunk in enumerate(chunks)])

    def close(self) -> StreamEnd:
        return self._writer.close()


def _row(number: int, index: int, chunk: Chunk) -> tuple[str, ...]:
    made = "!not-stated" if chunk.made is None else str(chunk.made)
    size = len(chunk.text.encode("utf-8", "surrogatepass"))
    ids = "!not-stated" if chunk.ids is None else json.dumps(chunk.ids, separators=(",", ":"))
    text = json.dumps(chunk.text)
    return (str(number), str(index), str(chunk.t_ns), made, str(size), text, ids)


@dataclass(slots=True)
class _Request:
    """One request while it runs. turn: what is said of it in a talk."""

    number: int
    about: Request
    prompt: Prompt
    turn: Mapping[str, Any] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    served: Served | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """What the requests of an attempt share. lock: streams write to the same files."""

    order: Order
    server: Server
    clock: Clock
    voice: Output
    stop: threading.Event
    diary: Diary
    chunks: ChunkLog
    lock: threading.Lock = field(default_factory=threading.Lock)
    failed: list[Exception] = field(default_factory=list)
    uncounted: list[Uncounted] = field(default_factory=list)

    def run(self) -> None:
        """All requests in their order. Prompts are made before the first of them.

        Raises StoppedError, TokenCountError, EngineError or OSError, of streams the first one.
        """
        order, talk = self.order, self.order.talk
        prompts = {
            r: self.server.prepare(r.text, r.prompt_tokens, of_talk=talk is not None)
            for r in order.requests
        }
        history = None if talk is None else ServedHistory(talk)
        before = self.server.identity()
        numbered = in_turn(order.requests, order.lasting_s, self.clock.now_ns)
        for streams, members in groupby(numbered, key=lambda each: each[1].streams):
            if streams:
                self._at_once(list(members), prompts)
            else:
                self._one_by_one(members, prompts, history)
        self._recount()
        after = self.server.identity()
        if after != before:
            changed = sorted(k for k in {*before, *after} if before.get(k) != after.get(k))
            told = "; ".join(f"{k} {before.get(k)!r} then {after.get(k)!r}" for k in changed)
            raise EngineError("server-changed", told)

    def _at_once(self, members: list[Numbered], prompts: Prompts) -> None:
        """Every stream in a thread of its own, from one moment on."""
        streams = sorted({request.stream for _, request in members})
        begin = threading.Barrier(len(streams))
        threads = [
            threading.Thread(
                target=self._stream,
                args=([m for m in members if m[1].stream == stream], prompts, begin),
                daemon=True,
            )
            for stream in streams
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failed:
            raise self.failed[0]

    def _stream(self, members: list[Numbered], prompts: Prompts, begin: threading.Barrier) -> None:
        begin.wait()
        try:
            self._one_by_one(iter(members), prompts)
        except Exception as err:  # noqa: BLE001 - raised again by who started the streams
            with self.lock:
                self.failed.append(err)

    def _one_by_one(
        self, members: Iterator[Numbered], prompts: Prompts, talk: ServedHistory | None = None
    ) -> None:
        for number, request in members:
            self._heed_stop()
            if talk is None or request.warmup:
                self._request(_Request(number, request, prompts[request]))
                continue
            prompt, turn = talk.prompt(prompts[request])
            one = _Request(number, request, prompt, turn)
            made = self._request(one)
            talk.over(prompt, one.chunks, made)

    def _request(self, one: _Request) -> int:
        """The server counts; its chunks and stamps are written down however the request ends.

        Gives the number of output tokens.
        """

        def mark(name: str) -> int:
            t_ns = self.clock.now_ns()
            one.marks.append((t_ns, name))
            return t_ns

        try:
            one.served = self.server.serve(
                one.prompt,
                one.about.output_tokens,
                stop_at_end=self.order.stop == "natural",
                on_chunk=lambda chunk: self._take(one, chunk),
                mark=mark,
            )
        finally:
            end_ns = self.clock.now_ns()
            with self.lock:
                self._write(one, end_ns)
        return self._checked(one, one.served)

    def _take(self, one: _Request, chunk: Chunk) -> None:
        one.chunks.append(chunk)
        self._heed_stop()
        phase = "warm-up" if one.about.warmup else "decode"
        with self.lock:
            self.voice.output(chunk.t_ns, phase, one.number, chunk.made or 0, None)

    def _heed_stop(self) -> None:
        if self.stop.is_set() or self.failed:
            raise StoppedError

    def _write(self, one: _Request, end_ns: int) -> None:
        """Events in their order. `prefill_end` is the first chunk with text: no more is seen."""
        args = {"request": one.number}
        stamps = {name: t_ns for t_ns, name in one.marks}
        if "sent" not in stamps:
            return
        self.diary.note_at(stamps["start"], "request_start", {**args, **_about(one, stamps)})
        self.diary.note_at(stamps["start"], "tokenized", {**args, **_prompt(one)})
        self.diary.note_at(stamps["sent"], "prefill_start", args)
        shown = next((c.t_ns for c in one.chunks if c.text), None)
        if shown is not None:
            self.diary.note_at(shown, "prefill_end", args)
        self.chunks.write(one.number, one.chunks)
        if one.served is not None:
            self.diary.note_at(end_ns, "request_end", {**args, **_ended(one.served)})

    def _checked(self, one: _Request, served: Served) -> int:
        """Output tokens, 0 where they are counted later. Raises TokenCountError."""
        wanted, made = one.about.output_tokens, served.output_tokens
        if not any(c.text for c in one.chunks):
            raise TokenCountError(f"request {one.number}: {made} output tokens and no text")
        if made is None or served.prompt_tokens is None:
            with self.lock:
                self.uncounted.append(Uncounted(one.number, one.prompt, wanted, one.chunks))
            return 0
        if one.prompt.tokens not in {None, served.prompt_tokens}:
            said = f"{served.prompt_tokens} prompt tokens, {one.prompt.tokens} ordered"
            raise TokenCountError(f"request {one.number}: {said}")
        self._check_made(one.number, made, wanted)
        return made

    def _check_made(self, number: int, made: int, wanted: int) -> None:
        exact = self.order.stop == "length"
        if made > wanted or made < (wanted if exact else 1):
            hint = (
                '; a server without `ignore_eos` needs stop = "natural"' if made < wanted else ""
            )
            raise TokenCountError(
                f"request {number}: {made} output tokens, {wanted} ordered{hint}"
            )

    def _recount(self) -> None:
        """Have what was not counted in its stream counted now; nothing is measured any more."""

        def alive(number: int) -> None:
            self._heed_stop()
            self.voice.output(self.clock.now_ns(), "count", number, 0, None)

        natural = self.order.stop == "natural"
        for reply, counts in recounted(
            self.uncounted, self.server, stop_at_end=natural, alive=alive
        ):
            self.diary.note(COUNTED, counts)
            self._check_made(reply.number, counts["output_tokens"], reply.wanted)


def _about(one: _Request, stamps: dict[str, int]) -> dict[str, Any]:
    """Closed loop: a request is due when the one before it is done."""
    found = {"item": one.about.item, "warmup": one.about.warmup, "scheduled_ns": stamps["start"]}
    if one.about.streams:
        found |= {"streams": one.about.streams, "stream": one.about.stream}
    return found


def _prompt(one: _Request) -> dict[str, Any]:
    counted = one.prompt.tokens
    if counted is None and one.served is not None:
        counted = one.served.prompt_tokens
    sent = "ids" if one.prompt.tokens is not None else "text"
    about = {"prompt_tokens": counted, "prompt_sha256": one.prompt.sha256, "sent": sent}
    return {**about, **one.turn}


def _ended(served: Served) -> dict[str, Any]:
    return {
        "stop_reason": served.stop_reason,
        "output_tokens": served.output_tokens,
        "server": dict(served.stated),
    }
