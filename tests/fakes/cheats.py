"""Engines that cheat: each a hash model with one thing changed, as a hostile engine would."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tests.fakes.audited import PREFILL_NS, STEP_NS, HashModel


class PrefixCache(HashModel):
    """Keeps prompts that it has seen, in its process: their prefill takes no time."""

    def prefill(self, prompt: Sequence[int]) -> None:
        if tuple(prompt) in self.kept:
            self.spend(PREFILL_NS)
            return
        self.kept[tuple(prompt)] = True
        super().prefill(prompt)


class OutputCache(HashModel):
    """Keeps answers; only the first token takes its time, so that it looks like a real prefill."""

    def step(self, prompt: Sequence[int], made: Sequence[int]) -> int:
        place = (tuple(prompt), tuple(made))
        if place not in self.kept:
            self.kept[place] = super().step(prompt, made)
            return int(self.kept[place])
        self.spend(STEP_NS / 20)
        return int(self.kept[place])


class Prepared(HashModel):
    """Knows the public prompts by heart, from before it was started."""

    def prefill(self, prompt: Sequence[int]) -> None:
        public = bytes(t for t in prompt if t < 256).startswith(b"text of")
        self.spend(PREFILL_NS * len(prompt) * (0.3 if public else 1.0))


class OneModel(HashModel):
    """Runs the model that it was delivered with, whatever file it is given."""

    def read_weights(self) -> bytes:
        return hashlib.sha256(b"delivered").digest()


class SlowWhenLookedAt(HashModel):
    """Falls back to an honest, slower path where the weights are not those it knows."""

    def step(self, prompt: Sequence[int], made: Sequence[int]) -> int:
        if b"permuted" in self.model.read_bytes():
            self.spend(STEP_NS)
        return super().step(prompt, made)


class CutsShort(HashModel):
    """Ends outputs early."""

    def natural_length(self, prompt: Sequence[int]) -> int:
        return max(1, super().natural_length(prompt) // 2)


class OneAnswer(HashModel):
    """Says the same token to everything, and sleeps between."""

    def next_token(self, prompt: Sequence[int], made: Sequence[int]) -> int:
        return 7
