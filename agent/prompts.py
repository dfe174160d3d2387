"""Prompts of an exact length."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence

from agent.engines.base import EngineError


def prompt_of(
    tokenize: Callable[[str], list[int]], text: str, prompt_tokens: int | None
) -> list[int]:
    """Token ids of the text, or exactly `prompt_tokens` of them.

    A text that is too short is repeated as text, without anything between, and tokenized again
    as a whole; the front of it is taken. What the tokenizer's own rule puts in front counts.
    """
    ids = tokenize(text)
    if not ids:
        raise EngineError("bad-prompt", "the text has no token")
    if prompt_tokens is None:
        return ids
    copies = 1
    while len(ids) < prompt_tokens:
        before = len(ids)
        copies = max(copies + 1, -(-copies * prompt_tokens // before))
        ids = tokenize(text * copies)
        if len(ids) <= before:
            raise EngineError("bad-prompt", f"{copies} copies of the text have {len(ids)} tokens")
    return ids[:prompt_tokens]


def ids_sha256(ids: Sequence[int]) -> str:
    """SHA-256 of token ids, each as a signed little-endian 32-bit number."""
    return hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()
