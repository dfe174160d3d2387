"""A streamed reply as it comes in: its chunks, its counts, and how it ended."""

from __future__ import annotations

from agent.engines.base import EngineError
from agent.engines.http_chunks import DONE, MAX_STATED, STOPS, Said, said
from agent.engines.server import Chunk, ChunkSink, Served


class Reading:
    """A reply as it comes in: chunks to the sink, counts and the server's own times kept."""

    def __init__(self, on_chunk: ChunkSink, expected: str) -> None:
        """expected: the model that earlier replies named, "" before the first."""
        self._on_chunk, self.model = on_chunk, expected
        self._finish = ""
        self._made: int | None = None
        self._summed = 0
        self._prompt: int | None = None
        self._stated: dict[str, float] = {}
        self.done = False

    def take(self, t_ns: int, raw: bytes) -> None:
        """Raises EngineError for what is no event, or of another model."""
        if raw == DONE:
            self.done = True
            return
        event = said(raw)
        self._same_model(event.model)
        self._count(event)
        self._finish = event.finish or self._finish
        self._prompt = self._prompt if event.prompt is None else event.prompt
        for name, number in event.stated.items():
            if name in self._stated or len(self._stated) < MAX_STATED:
                self._stated[name] = number
        self._on_chunk(Chunk(t_ns, event.text, self._made, event.ids))

    def served(self) -> Served:
        """Raises EngineError `stream-cut` for a reply without an end."""
        if not self._finish:
            raise EngineError("stream-cut", "the reply ended without saying that it is done")
        if self._finish not in STOPS:
            raise EngineError("bad-stream", f"the output ended by {self._finish!r}")
        return Served(STOPS[self._finish], self._prompt, self._made, dict(self._stated))

    def _count(self, event: Said) -> None:
        if event.made is not None:
            if self._made is not None and event.made < self._made:
                raise EngineError("bad-stream", "its count of tokens goes back")
            self._made = event.made
        elif event.new is not None:
            self._summed += event.new
            self._made = self._summed

    def _same_model(self, model: str) -> None:
        if not model:
            return
        if self.model and model != self.model:
            raise EngineError("server-changed", f"{self.model!r} answers, and then {model!r}")
        self.model = model
