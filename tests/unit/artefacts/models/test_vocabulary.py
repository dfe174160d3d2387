from __future__ import annotations

import pytest
from tokenizers.models import BPE

from host.artefacts.models.learning import MAX_TOKEN_BYTES, learn, pieces
from host.artefacts.models.vocabulary import (
    CONTROL,
    byte_alphabet,
    learned_merges,
    quiet_tokens,
    vocabulary,
)

SIZES = (4_096, 32_000)


BYTE_OF = {character: byte for byte, character in enumerate(byte_alphabet())}


def text_of(token: str) -> bytes:
    return bytes(BYTE_OF[character] for character in token)


@pytest.mark.parametrize("size", SIZES)
def test_vocabulary_is_full_without_repetition(size: int) -> None:
    words = vocabulary(size)
    assert len(words.tokens) == len(set(words.tokens)) == size
    assert len(words.merges) == len(set(words.merges)) == size - 256 - len(CONTROL)


@pytest.mark.parametrize("size", SIZES)
def test_merges_join_tokens_that_are_there_before_into_the_next_one(size: int) -> None:
    words = vocabulary(size)
    first = size - len(words.merges)
    ids = {token: at for at, token in enumerate(words.tokens)}
    for at, (left, right) in enumerate(words.merges, start=first):
        assert words.tokens[at] == left + right
        assert max(ids[left], ids[right]) < at


@pytest.mark.parametrize("size", SIZES)
def test_text_of_a_token_is_encoded_as_that_token(size: int) -> None:
    """Or else a runtime that looks whole words up first would give other ids."""
    words = vocabulary(size)
    ids = {token: at for at, token in enumerate(words.tokens)}
    model = BPE(ids, list(words.merges))
    tokens = words.tokens[len(CONTROL) :]
    encoded = {token: [one.id for one in model.tokenize(token)] for token in tokens}
    assert [token for token in tokens if encoded[token] != [ids[token]]] == []


@pytest.mark.parametrize("size", SIZES)
def test_no_token_is_longer_than_sixteen_bytes(size: int) -> None:
    tokens = vocabulary(size).tokens[len(CONTROL) :]
    assert max(len(text_of(token)) for token in tokens) == MAX_TOKEN_BYTES == 16


def test_small_vocabulary_is_the_beginning_of_the_large_one() -> None:
    small, large = (vocabulary(size) for size in SIZES)
    assert large.tokens[: SIZES[0]] == small.tokens
    assert large.merges[: len(small.merges)] == small.merges


def test_byte_alphabet_has_a_printable_character_for_each_byte() -> None:
    alphabet = byte_alphabet()
    assert len(set(alphabet)) == 256
    assert all(character.isprintable() and character != " " for character in alphabet)
    assert alphabet[ord(" ")] == "Ġ"  # as published vocabularies of this kind have it
    assert alphabet[ord("A")] == "A"


@pytest.mark.no_cover
def test_every_character_of_gb2312_has_a_token_in_the_large_vocabulary() -> None:
    texts = {text_of(token) for token in vocabulary(32_000).tokens[len(CONTROL) :]}
    rows = [*range(0xB0, 0xF8)]
    pairs = [bytes((row, cell)) for row in rows for cell in range(0xA1, 0xFF)]
    characters = [pair.decode("gb2312", errors="ignore") for pair in pairs]
    assert sum(bool(one) for one in characters) == 6_763  # GB/T 2312-1980
    assert [one for one in characters if one and one.encode() not in texts] == []


def test_quiet_tokens_are_those_that_are_no_text() -> None:
    quiet = set(quiet_tokens(4_096))
    texts = [text_of(token) for token in vocabulary(4_096).tokens[len(CONTROL) :]]
    ids = {text: at for at, text in enumerate(texts, start=len(CONTROL))}
    assert {0, 1, 2, ids[b"\x00"], ids[b"\xe4"], ids[b"\xe4\xb8"]} <= quiet
    assert quiet.isdisjoint({ids[b"a"], ids[b"\n"], ids[b" "], ids["的".encode()]})


@pytest.mark.no_cover
def test_learning_again_gives_the_beginning_of_the_shipped_merges(corpus: str) -> None:
    assert tuple(learn(pieces(corpus), 200)) == learned_merges()[:200]


def test_learning_takes_the_most_frequent_pair_and_the_smallest_on_a_tie() -> None:
    assert learn({"abab": 2, "cd": 4, "xy": 1}, 10) == [("a", "b"), ("c", "d"), ("ab", "ab")]


def test_learning_stops_at_the_longest_token_allowed() -> None:
    merges = learn({"a" * 64: 5}, 10)
    assert max(len(left + right) for left, right in merges) == MAX_TOKEN_BYTES
