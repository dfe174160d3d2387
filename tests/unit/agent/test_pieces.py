"""Bytes of tokens from tokenizer files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from agent.engines.base import EngineError
from agent.engines.pieces import Pieces, byte_alphabet


def tokenizer(vocabulary: dict[str, int], decoder: str, special: dict[str, int]) -> bytes:
    added = [{"id": i, "content": text, "special": True} for text, i in special.items()]
    model = {"type": "BPE", "vocab": vocabulary, "merges": [["a", "b"]]}
    found = {"added_tokens": added, "decoder": {"type": decoder}, "model": model}
    return json.dumps(found, ensure_ascii=False).encode()


def test_the_byte_alphabet_is_that_of_the_tokenizers_library() -> None:
    assert set(byte_alphabet()) == set(ByteLevel.alphabet())
    assert sorted(byte_alphabet().values()) == list(range(256))


@given(st.binary(min_size=1, max_size=12))
def test_byte_level_tokens_give_their_bytes_also_of_half_a_character(data: bytes) -> None:
    letters = {byte: char for char, byte in byte_alphabet().items()}
    text = "".join(letters[byte] for byte in data)
    pieces = Pieces(tokenizer({"x": 0, text: 1} if text != "x" else {text: 1}, "ByteLevel", {}))
    assert pieces.piece(1) == data


def test_word_pieces_give_a_space_and_single_bytes() -> None:
    vocabulary = {"\u2581hello": 0, "<0xE4>": 1, 'quo"te\\': 2, "你": 3}
    pieces = Pieces(tokenizer(vocabulary, "Sequence", {}))
    found = [pieces.piece(token) for token in range(4)]
    assert found == [b" hello", b"\xe4", b'quo"te\\', "你".encode()]


def test_control_tokens_and_unknown_ids_have_no_bytes() -> None:
    data = tokenizer({"<s>": 0, "a": 2}, "ByteLevel", {"<s>": 0})
    pieces = Pieces(data)
    assert [pieces.piece(token) for token in (-1, 0, 1, 2, 99)] == [b"", b"", b"", b"a", b""]


def test_a_file_without_tokens_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{}")
    with pytest.raises(EngineError, match="lists no tokens"):
        Pieces.open(path)
    with pytest.raises(EngineError, match="cannot be read"):
        Pieces.open(tmp_path / "none.json")
