"""The tokenizer of the reference models as `tokenizer.json` and `tokenizer_config.json`.

GGUF carries the same vocabulary with `tokenizer.ggml.pre = "gpt-2"`: llama.cpp splits text there
by the expression that the ByteLevel pre-tokenizer uses, so both give the same ids.
"""

from __future__ import annotations

from typing import Any

from host.artefacts.models.vocabulary import BEGIN, CONTROL, END, PAD, vocabulary


def tokenizer_json(size: int) -> dict[str, Any]:
    """The content of `tokenizer.json`; no token is added before or after a text."""
    words = vocabulary(size)
    byte_level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_control(at, text) for at, text in enumerate(CONTROL)],
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: at for at, token in enumerate(words.tokens)},
            "merges": [" ".join(merge) for merge in words.merges],
        },
    }


def tokenizer_config(context_length: int) -> dict[str, Any]:
    """The content of `tokenizer_config.json`, which tells onnxruntime-genai the kind."""
    return {
        "tokenizer_class": "GPT2Tokenizer",
        "add_prefix_space": False,
        "add_bos_token": False,
        "bos_token": CONTROL[BEGIN],
        "eos_token": CONTROL[END],
        "pad_token": CONTROL[PAD],
        "clean_up_tokenization_spaces": False,
        "model_max_length": context_length,
    }


def _control(at: int, text: str) -> dict[str, Any]:
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {"id": at, "content": text, **flags, "special": True}
