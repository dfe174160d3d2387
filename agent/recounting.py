"""Tokens of replies whose server counts none in a stream, as llama-cpp-python's does.

When all that is measured is over, each prompt is asked once more and answered in one piece. That
reply counts; its text must be the one that was streamed, or nobody knows what was counted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.engines.server import Chunk, Prompt, Recount, Server
from agent.stop_reasons import TokenCountError

COUNTED = "counted"  # event: `request`, `prompt_tokens`, `output_tokens`


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A reply as it was streamed. wanted: output tokens that were ordered."""

    number: int
    prompt: Prompt
    wanted: int
    chunks: Sequence[Chunk]

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)


def recounted(
    replies: Sequence[Uncounted],
    server: Server,
    *,
    stop_at_end: bool,
    alive: Callable[[int], None],
) -> list[tuple[Uncounted, Mapping[str, Any]]]:
    """Each reply with the counts of its event. alive: told the number before each question.

    Raises TokenCountError where a server counts nowhere, or answers differently; EngineError.
    """
    known: dict[tuple[str, int], Recount] = {}
    found = []
    for reply in replies:
        key = (reply.prompt.sha256, reply.wanted)
        if key not in known:
            alive(reply.number)
            known[key] = server.recount(reply.prompt, reply.wanted, stop_at_end=stop_at_end)
        found.append((reply, _counts(reply, known[key])))
    return found


def _counts(reply: Uncounted, again: Recount) -> Mapping[str, Any]:
    if again.prompt_tokens is None or again.output_tokens is None:
        raise TokenCountError(f"request {reply.number}: the server counts no tokens (`usage`)")
    if again.text != reply.text:
        raise TokenCountError(
            f"request {reply.number}: the server counts no tokens in a stream, and asked again it"
            " gives another text"
        )
    return {
        "request": reply.number,
        "prompt_tokens": again.prompt_tokens,
        "output_tokens": again.output_tokens,
    }
