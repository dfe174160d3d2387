"""One hash for one tokenizer, whatever file it is written in.

SHA-256 of the RFC 8785 form of {"type", "tokens", "merges"}: the kind of tokenizer, its tokens in
the order of their ids, its merges by rank as "left right". Scores and flags are left out, since
formats state them differently. So is what only one form has:

- tokens that llama.cpp's converter adds, `[PAD151665]` and so on, where a model has more rows than
  its tokenizer has tokens (Qwen): they are of type "unused", at the end, and name their own id;
- the merges of a SentencePiece tokenizer, a BPE with fallback to bytes: GGUF has scores in their
  place, and tokenizer.json got them from these.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import rfc8785

from host.errors import ArtefactError

if TYPE_CHECKING:
    from host.artefacts.models.gguf_header import Value

# tokenizer.ggml.model -> the kind as tokenizer.json calls it, in lower case
_KINDS = {"gpt2": "bpe", "bert": "wordpiece", "t5": "unigram"}
# SentencePiece's BPE, as GGUF calls it.
_PIECES = "llama"
# tokenizer.ggml.token_type of a token that nothing uses (LLAMA_TOKEN_TYPE_UNUSED of llama.h).
_UNUSED = 5


class _Added(msgspec.Struct, frozen=True):
    id: int
    content: str


class _Model(msgspec.Struct, frozen=True):
    type: str = "bpe"
    byte_fallback: bool | None = None
    vocab: dict[str, int] | list[tuple[str, float]] = msgspec.field(default_factory=dict)
    merges: list[str | tuple[str, str]] = msgspec.field(default_factory=list)


class _Tokenizer(msgspec.Struct, frozen=True):
    model: _Model
    added_tokens: list[_Added] = msgspec.field(default_factory=list)


def tokenizer_of_gguf(fields: dict[str, Value]) -> tuple[str, int] | None:
    """Hash and number of tokens; None where the file has no tokenizer."""
    tokens = fields.get("tokenizer.ggml.tokens")
    if not isinstance(tokens, tuple) or not tokens:
        return None
    merges = fields.get("tokenizer.ggml.merges", ())
    kind = str(fields.get("tokenizer.ggml.model", ""))
    listed = merges if isinstance(merges, tuple) and kind != _PIECES else ()
    used = tokens[: _used(tokens, fields.get("tokenizer.ggml.token_type"))]
    return _hash(_KINDS.get(kind, kind), used, listed), len(tokens)


def _used(tokens: Sequence[Any], types: Value | None) -> int:
    """How many there are without those that were added at the end."""
    count = len(tokens)
    if isinstance(types, tuple) and len(types) == count:
        while count and types[count - 1] == _UNUSED and tokens[count - 1] == f"[PAD{count - 1}]":
            count -= 1
    return count


def tokenizer_of_json(path: Path) -> tuple[str, int]:
    """Hash and number of tokens of a `tokenizer.json` of Hugging Face tokenizers."""
    try:
        content = msgspec.json.decode(path.read_bytes(), type=_Tokenizer)
    except (msgspec.MsgspecError, RecursionError, OSError) as err:
        raise ArtefactError(str(path), f"is not a tokenizer.json that can be read: {err}") from err
    vocab = content.model.vocab
    if isinstance(vocab, dict):
        by_id = {number: token for token, number in vocab.items()}
    else:
        by_id = dict(enumerate(token for token, _ in vocab))
    by_id |= {added.id: added.content for added in content.added_tokens}
    tokens = [by_id[number] for number in sorted(by_id)]
    kind = content.model.type.lower()
    if kind == "bpe" and content.model.byte_fallback:
        return _hash(_PIECES, tokens, ()), len(tokens)
    merges = [one if isinstance(one, str) else " ".join(one) for one in content.model.merges]
    return _hash(kind, tokens, merges), len(tokens)


def _hash(kind: str, tokens: Sequence[Any], merges: Sequence[Any]) -> str:
    form = {"type": kind, "tokens": [*tokens], "merges": [*merges]}
    try:
        return hashlib.sha256(rfc8785.dumps(form)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as err:
        raise ArtefactError("tokenizer", f"has no canonical form: {err}") from err
