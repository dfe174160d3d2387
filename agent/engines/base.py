"""What every inference engine does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from collectors.protocol import Clock

# ready_ns: logits of this token are there, before sampling; t_ns: the token is chosen; token id.
TokenSink = Callable[[int, int, int], None]
# Stamps and writes down that a phase begins or ends; gives the stamp (ns) back.
Mark = Callable[[str], int]


class EngineError(Exception):
    """The engine refused or failed; `code` is a reason code of lower-case words and hyphens.

    Codes that the host knows as wrong input: `bad-model`, `bad-setting`, `unknown-engine`,
    `engine-missing`. `out-of-memory` stands for itself; all others are failures.
    """

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

    @property
    def clock(self) -> Clock:
        """The clock of all its stamps: the device's, but for a replay."""
        ...

    def describe(self) -> Mapping[str, Any]: ...

    def load(self, *, vocabulary_only: bool = False) -> None:
        """Load the model, or as much of it as `tokenize` needs.

        Raises EngineError `bad-model` for a file that the library does not take.
        """
        ...

    def tokenize(self, text: str) -> list[int]:
        """Token ids, with what the model's own rule puts in front (beginning of text)."""
        ...

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
        (logits of the last position there, the device idle again); the stamp that `prefill_end`
        gives back is ready_ns of token 0. stop_at_end False: end-of-text is never chosen, the
        next best token is, and exactly `output_tokens` are made. An end-of-text token that ends
        the output is given to on_token like any other. on_token may raise to end the request.
        """
        ...

    def close(self) -> None: ...


@runtime_checkable
class Scoring(Protocol):
    """What an engine can do besides, where its library gives logits."""

    def score(self, ids: Sequence[int], first: int) -> Iterator[bytes]:
        """Clear the cache, compute the ids, give the logits of positions first to last but one.

        A row a position, of the whole vocabulary: float32 in the machine's order, as the library
        gives them, neither normalised nor checked.
        """
        ...


class Part(NamedTuple):
    """Tokens of one sequence in one step of several.

    begin: position of the first. wanted: a token is chosen after the last.
    """

    sequence: int
    begin: int
    tokens: Sequence[int]
    wanted: bool


class Sequences(Protocol):
    """Sequences computed side by side: one call of the runtime for a step of all of them.

    most: tokens that one step takes.
    """

    most: int

    def reset(self) -> None:
        """All sequences empty."""
        ...

    def clear(self, sequence: int, wanted: int) -> None:
        """One sequence empty, proven. Raises EngineError where it has no room for `wanted`."""
        ...

    def fill(self, parts: Sequence[Part]) -> None:
        """Make the next step ready; at most one part a sequence."""
        ...

    def advance(self, tokens: Sequence[int]) -> None:
        """Make the next step ready where the last one had a single token of each sequence.

        tokens: what follows in each of its parts.
        """
        ...

    def compute(self) -> int:
        """Compute it; gives the stamp at which the logits of all parts were there."""
        ...

    def choose(self, place: int, *, allow_end: bool) -> int:
        """The token after the part in this place of the step."""
        ...

    def ends(self, token: int) -> bool:
        """Whether it is an end of text."""
        ...


@runtime_checkable
class SideBySide(Protocol):
    """An engine that computes several sequences in one call."""

    def sequences(self, count: int) -> Sequences:
        """So many of them. Raises EngineError `bad-setting` where it was loaded for fewer."""
        ...


class Graph(Engine, Protocol):
    """An engine without tokens: a plain graph, one call of which is one inference.

    `tokenize` makes the inputs that a request names, and gives no token.
    """

    def prepare(self, source: str) -> str:
        """Make the inputs of a request; gives their SHA-256. Raises EngineError `bad-input`."""
        ...

    def infer(self) -> Any:  # noqa: ANN401 - arrays of the library
        """One inference on those inputs, the outputs in host memory and the device idle again."""
        ...

    def digest(self, outputs: Any) -> str:  # noqa: ANN401 - arrays of the library
        """SHA-256 of the bytes of these outputs."""
        ...

    def sample(self, outputs: Any) -> list[float | None]:  # noqa: ANN401 - arrays of the library
        """Some of their values, always at the same places; None for one that is not finite."""
        ...
