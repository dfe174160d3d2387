"""Prompts have exactly the ordered number of tokens."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.engines.base import EngineError
from agent.prompts import ids_sha256, prompt_of

BEGIN = 1000


def byte_tokens(text: str) -> list[int]:
    return list(text.encode())


def with_begin(text: str) -> list[int]:
    """As a tokenizer that puts one token in front, once however often the text is repeated."""
    return [BEGIN, *text.encode()]


def test_without_an_exact_length_the_text_is_taken_as_it_is() -> None:
    assert prompt_of(byte_tokens, "abc", None) == [97, 98, 99]


@given(text=st.text(st.characters(codec="utf-8"), min_size=1), wanted=st.integers(1, 500))
def test_exactly_the_wanted_tokens_come_from_the_front_of_the_repeated_text(
    text: str, wanted: int
) -> None:
    found = prompt_of(with_begin, text, wanted)
    assert len(found) == wanted
    assert found == with_begin(text * 500)[:wanted]


def test_a_text_without_tokens_is_refused() -> None:
    with pytest.raises(EngineError, match="no token"):
        prompt_of(lambda _: [], "x", 4)


def test_a_text_that_does_not_grow_by_repeating_is_refused() -> None:
    with pytest.raises(EngineError, match="copies"):
        prompt_of(lambda _: [1, 2], "x", 4)


@given(st.lists(st.integers(0, (1 << 31) - 1), max_size=50))
def test_the_hash_is_that_of_little_endian_32_bit_ids(ids: list[int]) -> None:
    expected = hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()
    assert ids_sha256(ids) == expected
