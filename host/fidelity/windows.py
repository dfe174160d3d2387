"""Cuts tokenized texts into windows, as llama.cpp's `llama-perplexity` does. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from host.handover.fidelity import ReferenceWindow


def cut(
    language: Literal["zh", "en"],
    ids: Sequence[int],
    front: Sequence[int],
    n_ctx: int,
    at_most: int | None,
) -> tuple[ReferenceWindow, ...]:
    """Whole windows of n_ctx ids, one after the other; what is left over is not used.

    front: what the tokenizer's rule puts before a text; each window begins with it, in place of
    the ids that stand there (llama-perplexity: the first id of a chunk is replaced by the
    beginning of text where the vocabulary adds one).
    """
    count = len(ids) // n_ctx
    if at_most is not None:
        count = min(count, at_most)
    made = []
    for number in range(count):
        part = list(ids[number * n_ctx : (number + 1) * n_ctx])
        part[: len(front)] = front
        made.append(ReferenceWindow(language, tuple(part)))
    return tuple(made)


def first_of(n_ctx: int) -> int:
    """The first position that counts: half of the window is context for the rest.

    llama-perplexity scores positions n_ctx / 2 to n_ctx - 2, and so do we.
    """
    return n_ctx // 2
