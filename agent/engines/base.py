"""What every inference engine does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# ready_ns: logits of this token are there, before sampling; t_ns: the token is chosen; token id.
TokenSink = Callable[[int, int, int], None]
Mark = Callable[[str], None]


class EngineError(Exception):
    """The engine refused or failed; `code` is a reason code of lower-case words and hyphens."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Generated:
    """How a generation ended: `length`, `end-of-text` or `context-full`."""

    stop_reason: str


class Engine(Protocol):
    """One model in one inference runtime, in its own process.

    Settings are explicit and all of them are given back by `describe`, with what the runtime
    says of itself (version, commit, build and CPU flags). Greedy decoding: the token of the
    largest logit, the lowest id on a tie.
    """

    def describe(self) -> Mapping[str, Any]: ...

    def load(self) -> None: ...

    def tokenize(self, text: str) -> list[int]: ...

    def piece(self, token: int) -> bytes:
        """The output bytes of one token."""
        ...

    def generate(
        self,
        prompt: Sequence[int],
        output_tokens: int,
        *,
        stop_at_end: bool,
        on_token: TokenSink,
        mark: Mark,
    ) -> Generated:
        """Clear the cache, check that it is clear, prefill, then decode token by token.

        mark: called with `prefill_start` before and `prefill_end` after the prompt is computed
        (logits of the last position there). stop_at_end False: end-of-text is ignored and
        exactly `output_tokens` are made.
        """
        ...

    def close(self) -> None: ...
