"""How much memory the context of a GGUF model takes: keys and values of every layer and token.

Pure. A lower bound, so that no plan is refused wrongly: buffers of the computation, padding and
the runtime come on top. Keys: gguf-py/gguf/constants.py, Keys.LLM and Keys.Attention; sizes of a
layer: llama.cpp, src/llama-hparams.cpp, n_embd_k_gqa and n_embd_v_gqa.
"""

from __future__ import annotations

from dataclasses import dataclass

import gguf

from host.artefacts.models.gguf_header import Header

# What keeps something else than keys and values of each token: compressed, recurrent, windowed or
# shared caches. Their size is not said by the header alone.
_OTHER_CACHES = (
    ".attention.kv_lora_rank",
    ".attention.sliding_window",
    ".attention.shared_kv_layers",
    ".full_attention_interval",
    ".ssm.",
    ".wkv.",
)
OTHER = "the model keeps more or less than keys and values of each token ({key})"
UNSTATED = "the GGUF header does not state its layers and heads"
UNKNOWN_TYPE = "a cache of type {name} is not known"
# Far above any published model: a header that claims more is damaged.
_MOST_LAYERS = 10_000


@dataclass(frozen=True, slots=True)
class TokenMemory:
    """What each token of a context takes, By, and the layers and heads that make it so much.

    heads: of keys and values, the most of a layer; key_size, value_size: numbers a head has.
    """

    size_bytes: int
    layers: int
    heads: int
    key_size: int
    value_size: int


def token_memory(header: Header, type_k: str, type_v: str) -> TokenMemory | str:
    """Of a token, in the types of the cache (`f16`, `q8_0`); a str says why it is not known."""
    architecture = str(header.fields.get("general.architecture", ""))
    for name in header.fields:
        if any(name.startswith(architecture + other) for other in _OTHER_CACHES):
            return OTHER.format(key=name)
    heads = _heads(header, architecture)
    queries = max(
        _per_layer(header, f"{architecture}.attention.head_count", len(heads)), default=0
    )
    width = _whole(header, f"{architecture}.embedding_length")
    usual = width // queries if queries else 0
    key = _whole(header, f"{architecture}.attention.key_length") or usual
    value = _whole(header, f"{architecture}.attention.value_length") or usual
    if not any(heads) or not key or not value:
        return UNSTATED
    size_bytes = 0
    for kind, length in ((type_k, key), (type_v, value)):
        block = _block(kind)
        if block is None:
            return UNKNOWN_TYPE.format(name=repr(kind))
        size_bytes += sum(count * length * block[1] // block[0] for count in heads)
    return TokenMemory(size_bytes, len(heads), max(heads), key, value)


def _heads(header: Header, architecture: str) -> tuple[int, ...]:
    """Heads of keys and values, layer by layer; layers that only guess further tokens left out."""
    layers = _whole(header, f"{architecture}.block_count")
    layers -= _whole(header, f"{architecture}.nextn_predict_layers")
    own, queries = (f"{architecture}.attention.{name}" for name in ("head_count_kv", "head_count"))
    return _per_layer(header, own if own in header.fields else queries, layers)


def _per_layer(header: Header, key: str, layers: int) -> tuple[int, ...]:
    """One number for all layers, or one for each; empty where the header has neither."""
    found = header.fields.get(key)
    if not 0 < layers <= _MOST_LAYERS:
        return ()
    each = found[:layers] if isinstance(found, tuple) else (found,) * layers
    counts = tuple(n for one in each if (n := _count(one)) is not None)
    return counts if len(counts) == layers else ()


def _whole(header: Header, key: str) -> int:
    return _count(header.fields.get(key)) or 0


def _count(found: object) -> int | None:
    if not isinstance(found, int) or isinstance(found, bool):
        return None
    return found if 0 <= found < 2**31 else None


def _block(name: str) -> tuple[int, int] | None:
    """Numbers of a block and its bytes, by ggml's name of the type."""
    kind = gguf.GGMLQuantizationType.__members__.get(name.upper())
    return None if kind is None else gguf.GGML_QUANT_SIZES[kind]
