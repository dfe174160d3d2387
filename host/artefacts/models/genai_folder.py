"""Writes a reference model as a folder for onnxruntime-genai."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from host.artefacts.models import int4
from host.artefacts.models.onnx_graph import graph
from host.artefacts.models.onnx_layout import (
    COSINES,
    DATA_FILE,
    SINES,
    Slot,
    integers,
    layout,
    scales,
)
from host.artefacts.models.rotary import rotary_tables
from host.artefacts.models.shape import ROPE_BASE, Shape, about
from host.artefacts.models.tensors import (
    Matrix,
    Progress,
    norm_values,
    parameters,
    pieces,
    tensors,
)
from host.artefacts.models.tokenizer_file import tokenizer_config, tokenizer_json
from host.artefacts.models.vocabulary import BEGIN, END, PAD

MODEL_FILE = "model.onnx"


def write_genai(folder: Path, shape: Shape, seed: int, progress: Progress) -> None:
    """Write the folder, which must exist; its INT4 integers and scales are those of `q4_0`.

    The bytes depend on shape and seed alone. A few rows at a time are in memory.
    """
    slots = layout(shape)
    with (folder / DATA_FILE).open("wb") as data:
        _write_weights(data, slots, shape, seed, progress)
        data.truncate(max(slot.offset + slot.length for slot in slots.values()))
    model = graph(shape, about(shape, seed))
    (folder / MODEL_FILE).write_bytes(model.SerializeToString(deterministic=True))
    _write_json(folder / "tokenizer.json", tokenizer_json(shape.vocabulary))
    _write_json(folder / "tokenizer_config.json", tokenizer_config(shape.context_length))
    _write_json(folder / "genai_config.json", _config(shape))


def _write_weights(
    data: BinaryIO, slots: dict[str, Slot], shape: Shape, seed: int, progress: Progress
) -> None:
    tables = rotary_tables(shape.context_length, shape.head_size, ROPE_BASE)
    for name, table in zip((COSINES, SINES), tables, strict=True):
        _put(data, slots[name].offset, table)
    done, total = 0, parameters(shape)
    for tensor in tensors(shape):
        progress(done, total, tensor.name)
        if isinstance(tensor, Matrix):
            _write_matrix(data, slots, tensor, seed)
        else:
            _put(data, slots[tensor.name].offset, norm_values(tensor, seed))
        done += tensor.size
    progress(done, total, "")


def _write_matrix(data: BinaryIO, slots: dict[str, Slot], matrix: Matrix, seed: int) -> None:
    packed_at = slots[integers(matrix.name)].offset
    scales_at = slots[scales(matrix.name)].offset
    for rows in pieces(matrix, seed):
        blocks = int4.unpack(int4.q4_0(rows))
        packed_at = _put(data, packed_at, int4.matmul_nbits(blocks))
        scales_at = _put(data, scales_at, blocks.scales.astype(np.float32))


def _put(data: BinaryIO, offset: int, values: NDArray[np.generic]) -> int:
    """Write little-endian `values` at `offset`; returns where they end."""
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    data.seek(offset)
    data.write(little.tobytes())
    return offset + little.nbytes


def _config(shape: Shape) -> dict[str, Any]:
    """`genai_config.json`; greedy unless the caller asks for more."""
    return {
        "model": {
            "type": "llama",
            "vocab_size": shape.vocabulary,
            "context_length": shape.context_length,
            "bos_token_id": BEGIN,
            "eos_token_id": END,
            "pad_token_id": PAD,
            "decoder": {
                "session_options": {"log_id": "onnxruntime-genai", "provider_options": []},
                "filename": MODEL_FILE,
                "head_size": shape.head_size,
                "hidden_size": shape.width,
                "num_attention_heads": shape.heads,
                "num_hidden_layers": shape.layers,
                "num_key_value_heads": shape.kv_heads,
                "inputs": {
                    "input_ids": "input_ids",
                    "attention_mask": "attention_mask",
                    "past_key_names": "past_key_values.%d.key",
                    "past_value_names": "past_key_values.%d.value",
                },
                "outputs": {
                    "logits": "logits",
                    "present_key_names": "present.%d.key",
                    "present_value_names": "present.%d.value",
                },
            },
        },
        "search": {
            "do_sample": False,
            "max_length": shape.context_length,
            "min_length": 0,
            "num_beams": 1,
            "num_return_sequences": 1,
            "past_present_share_buffer": True,
            "repetition_penalty": 1.0,
            "temperature": 1.0,
            "top_k": 1,
            "top_p": 1.0,
        },
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_bytes(text.encode() + b"\n")
