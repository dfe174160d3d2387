"""Sequences of one llama.cpp context, computed side by side: one `llama_decode` a step.

A batch names for each token its sequence, its position and whether logits are wanted (llama.h,
`llama_batch`). Its arrays are made once; a step writes over their front.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agent.engines.base import EngineError, Part
from agent.engines.llama_choice import Choice
from agent.engines.llama_library import Library
from collectors.protocol import Clock


@dataclass(frozen=True, slots=True)
class Held:
    """What an engine has loaded. room: tokens of context that each sequence may count on."""

    library: Library
    context: Any
    choice: Choice
    clock: Clock
    room: int


class LlamaSequences:
    """most: tokens that one step takes, `n_batch`."""

    def __init__(self, held: Held, most: int) -> None:
        calls = held.library.calls
        self.most = most
        self._held, self._calls = held, calls
        self._memory = calls.llama_get_memory(held.context)
        self._ids = (calls.llama_token * most)()
        self._positions = (calls.llama_pos * most)()
        self._owners = (calls.llama_seq_id * most)()
        self._flags = (ctypes.c_int8 * most)()
        one = ctypes.POINTER(calls.llama_seq_id)
        size = ctypes.sizeof(calls.llama_seq_id)
        start = ctypes.addressof(self._owners)
        lists = (one * most)(
            *(ctypes.cast(ctypes.c_void_p(start + i * size), one) for i in range(most))
        )
        counts = (ctypes.c_int32 * most)(*([1] * most))
        self._batch = calls.llama_batch(
            0, self._ids, None, self._positions, counts, lists, self._flags
        )
        self._ends: list[int] = []  # place in the batch of the last token of each part

    def reset(self) -> None:
        """All sequences empty, and the memory of their cache as after a load."""
        self._calls.llama_memory_clear(self._memory, True)  # noqa: FBT003

    def clear(self, sequence: int, wanted: int) -> None:
        """One sequence empty, proven. Raises EngineError where it has no room for `wanted`."""
        if wanted > self._held.room:
            said = f"{wanted} tokens wanted, {self._held.room} are there for each sequence"
            raise EngineError("context-full", f"{said} (n_ctx over n_seq_max)")
        self._calls.llama_memory_seq_rm(self._memory, sequence, -1, -1)  # all of it (llama.h)
        last = self._calls.llama_memory_seq_pos_max(self._memory, sequence)
        if last != -1:  # llama.h: -1 for an empty sequence
            raise EngineError("cache-not-empty", f"position {last} is still there")

    def fill(self, parts: Sequence[Part]) -> None:
        """Write the next step down; nothing is computed yet."""
        ids: list[int] = []
        positions: list[int] = []
        owners: list[int] = []
        ends = self._ends = []
        for part in parts:
            count = len(part.tokens)
            ids += part.tokens
            positions += range(part.begin, part.begin + count)
            owners += [part.sequence] * count
            ends.append(len(ids) - 1)
        made = self._batch.n_tokens = len(ids)
        self._ids[:made], self._positions[:made], self._owners[:made] = ids, positions, owners
        ctypes.memset(self._flags, 0, made)
        for end, part in zip(ends, parts, strict=True):
            self._flags[end] = part.wanted

    def advance(self, tokens: Sequence[int]) -> None:
        """The step before, each of its parts a token further."""
        count = len(tokens)
        self._ids[:count] = tokens
        self._positions[:count] = [place + 1 for place in self._positions[:count]]

    def compute(self) -> int:
        """The step; gives the stamp at which its logits were there."""
        held = self._held
        code = self._calls.llama_decode(held.context, self._batch)
        self._calls.llama_synchronize(held.context)
        ready_ns = held.clock.now_ns()
        if code:
            raise held.library.refusal("decode-failed", f"llama_decode gave {code}")
        return ready_ns

    def choose(self, place: int, *, allow_end: bool) -> int:
        """The token after a part of the step; place: which of its parts."""
        row = self._calls.llama_get_logits_ith(self._held.context, self._ends[place])
        return self._held.choice.best(row, allow_end=allow_end)

    def ends(self, token: int) -> bool:
        """Whether it ends a text."""
        return self._held.choice.ends(token)
