"""Talks of several turns: each turn's prompt is all before it and the user's next text.

History is kept as token ids, those of the answers among them, so that a prompt begins with exactly
what was computed before. Each text is tokenized by itself, with what the tokenizer's own rule puts
in front of a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from agent.engines.base import Engine, EngineError
from agent.order_values import flag, integer, keys, table

MAX_TURNS = 1000


@dataclass(frozen=True, slots=True)
class Talk:
    """turns: scored requests that belong together, one after the other.

    prefix_cache: the engine keeps what it computed of the turns before.
    """

    turns: int
    prefix_cache: bool


def parse_talk(found: object) -> Talk | None:
    """`{turns, prefix_cache}` of an order, or nothing. Raises OrderError."""
    if found is None:
        return None
    one: Mapping[str, Any] = table("order.talk", found)
    keys("order.talk", one, {"turns", "prefix_cache"})
    turns = integer("order.talk.turns", one["turns"], 2, MAX_TURNS)
    return Talk(turns, flag("order.talk.prefix_cache", one["prefix_cache"]))


@runtime_checkable
class Keeping(Protocol):
    """An engine that can leave the cache as it is for the next prompt."""

    def keep(self, tokens: int) -> None:
        """The next prompt begins with so many tokens that are in the cache already."""
        ...


@dataclass(slots=True)
class History:
    """What was said so far. done: scored requests. last: prompt and output of the turn before."""

    talk: Talk
    engine: Engine
    done: int = 0
    before: list[int] = field(default_factory=list)
    made: list[int] = field(default_factory=list)

    def prompt(self, ids: list[int]) -> tuple[list[int], dict[str, int]]:
        """The prompt of the next turn, and `turn`, from 1, and `kept_tokens` of it.

        The last token of an answer was chosen and not computed: it belongs to the next prompt.
        Raises EngineError where the engine keeps nothing.
        """
        turn = self.done % self.talk.turns + 1
        if turn == 1:
            self.before = []
        whole = [*self.before, *ids]
        kept = len(self.before) - 1 if self.before and self.talk.prefix_cache else 0
        if kept:
            if not isinstance(self.engine, Keeping):
                raise EngineError("no-prefix-cache", "the engine clears its cache for each prompt")
            self.engine.keep(kept)
        self.made = []
        return whole, {"turn": turn, "kept_tokens": kept}

    def over(self, prompt: list[int]) -> None:
        """A turn has ended."""
        self.before = [*prompt, *self.made]
        self.done += 1
