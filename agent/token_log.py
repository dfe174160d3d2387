"""What an engine says while it makes tokens: lines for the disk, progress for the host."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from agent.chat import History
from agent.engines.base import Engine
from agent.order import Order
from agent.pipes import Sender
from agent.spool import StreamEnd
from agent.stop_reasons import StoppedError
from agent.streams import TOKEN_COLUMNS, TOKENS, open_stream

# Signs of life and progress during output: one every half second. Each wakes two processes, and
# on a device with as many engine threads as cores that costs output.
PROGRESS_NS = 500_000_000
# Token lines wait in memory this long at most, so that a request shorter than it is written down
# after its last token and a kill loses no more than this (`shared` reference, reliability 2.2).
FLUSH_NS = 2_000_000_000

Row = tuple[int, int, int]  # ready_ns, t_ns, token


class Voice:
    """Progress to the session, not more often than PROGRESS_NS unless it must be said.

    A load that lasts is told by its time from the first scored request on, since nobody knows how
    many requests it will come to.
    """

    def __init__(self, sender: Sender, order: Order) -> None:
        self._sender = sender
        self._requests = len(order.requests)
        self._warmups = sum(request.warmup for request in order.requests)
        self._lasting_s = order.lasting_s
        self._began_ns: int | None = None
        self._last_ns = -PROGRESS_NS

    def phase(self, phase: str, silent_s: float = 0.0) -> None:
        """A phase begins in which nothing will be said for `silent_s`."""
        fields = {"phase": phase, "request": 0, "requests": self._requests, "tokens": 0}
        self._sender.send("progress", {**fields, "rate": None, "silent_s": silent_s})

    def output(self, t_ns: int, phase: str, request: int, tokens: int, rate: float | None) -> None:
        """A request goes on; said when the last time is long enough ago."""
        if self._began_ns is None and request >= self._warmups:
            self._began_ns = t_ns
        if t_ns - self._last_ns < PROGRESS_NS:
            return
        self._last_ns = t_ns
        fields = {"phase": phase, "request": request + 1, "requests": self._requests}
        self._sender.send(
            "progress", {**fields, **self._time(t_ns), "tokens": tokens, "rate": rate}
        )

    def _time(self, t_ns: int) -> dict[str, float]:
        if self._lasting_s is None or self._began_ns is None:
            return {}
        return {"lasted_s": (t_ns - self._began_ns) / 1e9, "lasting_s": self._lasting_s}


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
        self._rows: list[Row] = []
        self.history = None if order.talk is None else History(order.talk, engine)
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
        if self.history is not None:
            self.history.made += [token for _, _, token in rows]
        number, start = self._request, self._count
        self._count += len(rows)
        self.write(number, start, rows)

    def write(self, number: int, start: int, rows: Sequence[Row]) -> None:
        """Lines of the tokens of a request; start: index of the first."""
        of = str(number)
        self._writer.extend(
            [
                (of, str(start + i), str(ready), str(t), str(token), self._size(token))
                for i, (ready, t, token) in enumerate(rows)
            ]
        )

    def _size(self, token: int) -> str:
        found = self._sizes.get(token)
        if found is None:
            piece = self.pieces[token] = self._piece(token)
            found = self._sizes[token] = str(len(piece))
        return found
