"""An engine that is a server: prompts go in over HTTP, output comes back in chunks.

It shows when chunks came, not when tokens were chosen; how many tokens a chunk has is known only
where the server says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from agent.engines.base import Mark


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a reply. t_ns: when its last byte was there.

    made: output tokens up to here as the server counts them, None where it does not say. ids: of
    its own tokens, None where they are not told.
    """

    t_ns: int
    text: str
    made: int | None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt ready to be sent. body: as it goes over the wire, without its output length.

    tokens: of the prompt, None where only the reply tells. sha256: of the token ids as
    `agent.prompts.ids_sha256` has it, or of the text in UTF-8 where no ids are sent. fresh: all
    of it is to be computed, whatever the settings say of prompts of earlier requests.
    """

    body: Mapping[str, Any]
    tokens: int | None
    sha256: str
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Served:
    """How a reply ended.

    stop_reason: `length` or `end-of-text`. prompt_tokens, output_tokens: as the server counted
    them, None where it did not. stated: its own times and counts, by its own names.
    """

    stop_reason: str
    prompt_tokens: int | None
    output_tokens: int | None
    stated: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recount:
    """A reply in one piece. Counts as the server gives them, None where it does not."""

    text: str
    prompt_tokens: int | None
    output_tokens: int | None


ChunkSink = Callable[[Chunk], None]


@runtime_checkable
class Server(Protocol):
    """What a served engine does beside loading; calls of `serve` may run side by side.

    loads: whether it is started here, so that its start is the load of the model. load_late_s:
    how much earlier than `load` was over the server may have been ready, as it is asked by turns.
    """

    load_late_s: float

    @property
    def loads(self) -> bool: ...

    @property
    def pid(self) -> int | None:
        """Of the server, from the start on; None where another started it."""
        ...

    def identity(self) -> Mapping[str, str]:
        """What the server says it is: model, version. Asked before and after the requests."""
        ...

    def prepare(self, text: str, prompt_tokens: int | None, *, of_talk: bool = False) -> Prompt:
        """Make a prompt before its time. Raises EngineError `no-tokenizer` for exact lengths.

        of_talk: as token ids where the server tells those of its answers.
        """
        ...

    def serve(
        self,
        prompt: Prompt,
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_chunk: ChunkSink,
        mark: Mark,
    ) -> Served:
        """One request. Its connection is open before `start` is marked; `sent` is marked next.

        Raises EngineError: `server-refused`, `server-busy`, `server-error`, `server-rejected`,
        `server-stalled`, `server-changed`, `stream-cut`, `bad-stream`.
        """
        ...

    def recount(self, prompt: Prompt, output_tokens: int, *, stop_at_end: bool) -> Recount:
        """The same request again, not streamed, for servers that count in such replies alone.

        Raises EngineError `server-error`, `bad-stream`.
        """
        ...
