from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from host.artefacts.models.gguf_header import Value
from host.artefacts.models.tokenizer_identity import tokenizer_of_gguf, tokenizer_of_json
from host.artefacts.models.vocabulary import vocabulary

TOKENS = ["<s>", "a", "b", "ab"]
GGUF: dict[str, Value] = {
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": (*TOKENS,),
    "tokenizer.ggml.merges": ("a b",),
}


def written(tmp_path: Path, model: dict[str, Any], added: list[dict[str, Any]]) -> Path:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"model": model, "added_tokens": added}))
    return path


@pytest.mark.parametrize("merges", [["a b"], [["a", "b"]]], ids=["text", "pairs"])
def test_one_tokenizer_has_one_hash_in_both_formats(tmp_path: Path, merges: list[Any]) -> None:
    vocab = {"ab": 3, "b": 2, "a": 1}
    path = written(
        tmp_path,
        {"type": "BPE", "vocab": vocab, "merges": merges},
        [{"id": 0, "content": "<s>", "special": True}],
    )
    assert tokenizer_of_json(path) == tokenizer_of_gguf(GGUF)


def test_tokens_that_a_converter_adds_to_fill_rows_are_not_the_tokenizer_s() -> None:
    filled = {
        **GGUF,
        "tokenizer.ggml.tokens": (*TOKENS, "[PAD4]", "[PAD5]"),
        "tokenizer.ggml.token_type": (3, 1, 1, 1, 5, 5),
    }
    bare, found = tokenizer_of_gguf(GGUF), tokenizer_of_gguf(filled)
    assert bare is not None
    assert found == (bare[0], 6)
    for other in ((3, 1, 1, 1, 5, 1), (3, 1, 1, 1, 5)):
        changed = tokenizer_of_gguf({**filled, "tokenizer.ggml.token_type": other})
        assert changed is not None
        assert changed[0] != bare[0]


def test_pieces_with_bytes_to_fall_back_on_are_one_tokenizer_with_scores_or_merges(
    tmp_path: Path,
) -> None:
    vocab = {token: number for number, token in enumerate(TOKENS)}
    model = {"type": "BPE", "vocab": vocab, "merges": ["a b"]}
    scores: dict[str, Value] = {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": (*TOKENS,),
        "tokenizer.ggml.scores": (0.0, -1.0, -2.0, -3.0),
    }
    path = written(tmp_path, {**model, "byte_fallback": True}, [])
    assert tokenizer_of_json(path) == tokenizer_of_gguf(scores)
    path = written(tmp_path, {**model, "byte_fallback": None}, [])
    assert tokenizer_of_json(path) == tokenizer_of_gguf(GGUF)


@pytest.mark.parametrize(
    "change",
    [
        {"tokenizer.ggml.model": "llama"},
        {"tokenizer.ggml.tokens": ("<s>", "b", "a", "ab")},
        {"tokenizer.ggml.merges": ("b a",)},
    ],
)
def test_any_difference_gives_another_hash(change: dict[str, Any]) -> None:
    assert tokenizer_of_gguf({**GGUF, **change}) != tokenizer_of_gguf(GGUF)


@pytest.mark.parametrize(
    ("size", "pinned"),
    [
        (4_096, "2a97c85815f4f52c104182a9c34399dbc644c34f6f3c782474db7a45c64a83db"),
        (32_000, "58cecc4409ca6be2d0906c1c67e3a838d6badbe7eb0dad315e418f5ddb9cc271"),
    ],
)
def test_tokenizer_of_the_reference_models_is_the_one_that_was_pinned(
    size: int, pinned: str
) -> None:
    """A change of it is a new revision: raise `store.REVISION` with it."""
    words = vocabulary(size)
    fields: dict[str, Value] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": words.tokens,
        "tokenizer.ggml.merges": tuple(" ".join(merge) for merge in words.merges),
    }
    assert tokenizer_of_gguf(fields) == (pinned, size)


def test_file_without_tokens_has_no_tokenizer() -> None:
    assert tokenizer_of_gguf({"tokenizer.ggml.model": "no_vocab"}) is None


def test_unigram_vocabulary_is_read_in_the_order_of_its_list(tmp_path: Path) -> None:
    path = written(tmp_path, {"type": "Unigram", "vocab": [["<s>", 0.0], ["a", -1.5]]}, [])
    fields: dict[str, Value] = {
        "tokenizer.ggml.model": "t5",
        "tokenizer.ggml.tokens": ("<s>", "a"),
    }
    assert tokenizer_of_json(path) == tokenizer_of_gguf(fields)
