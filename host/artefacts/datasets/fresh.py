"""Prompts that nobody can have asked before: drawn from a seed, the same again from the same seed.

Who knows the seed can redo them, so the seed is drawn after the plan is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from host.artefacts.datasets.dataset import Language
from host.artefacts.datasets.words import BETWEEN, COUNT, WORDS

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def fresh_text(seed: bytes, name: str, language: Language, words: int) -> str:
    """A text of so many words, drawn by seed and name.

    Byte i of the hashes SHA-256(seed, `:<name>:<block>`), block after block, takes word number
    `byte mod 128`. A tokenizer makes a token of each word at the least, so a text of n words has n
    tokens or more, and an engine that cuts it to n never repeats it.
    """
    known = WORDS[language]
    stream = _stream(seed, name)
    return BETWEEN[language].join(known[next(stream) % COUNT] for _ in range(words))


def text_as_long(seed: bytes, name: str, language: Language, size_bytes: int) -> str:
    """Words as in `fresh_text`, of so many bytes or somewhat less; one at the least."""
    between = BETWEEN[language]
    first, *words = fresh_text(seed, name, language, max(1, size_bytes)).split(between)
    made, size = [first], len(first.encode())
    for word in words:
        size += len((between + word).encode())
        if size > size_bytes:
            break
        made.append(word)
    return between.join(made)


def fresh_inputs(seed: bytes, name: str) -> str:
    """Inputs of a plain graph, by a number of their own (`agent/engines/onnx_inputs.py`)."""
    drawn = hashlib.sha256(seed + f":{name}:inputs".encode()).digest()
    return f"seed:{int.from_bytes(drawn[:8], 'big')}"


def language_of(number: int) -> Language:
    """Chinese and English by turns."""
    return LANGUAGES[number % len(LANGUAGES)]


def _stream(seed: bytes, name: str) -> Iterator[int]:
    block = 0
    while True:
        yield from hashlib.sha256(seed + f":{name}:{block}".encode()).digest()
        block += 1
