"""Writes a reference model as GGUF, tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type
from numpy.typing import NDArray

from host.artefacts.models import int4
from host.artefacts.models.shape import NORM_EPSILON, ROPE_BASE, Shape, about
from host.artefacts.models.tensors import (
    Matrix,
    Progress,
    Tensor,
    norm_values,
    parameters,
    pieces,
    tensors,
)
from host.artefacts.models.vocabulary import BEGIN, CONTROL, END, PAD, vocabulary

# Scheme -> (tensor type, general.file_type)
_TYPES = {
    "f16": (Type.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q4_0": (Type.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}


def write_gguf(path: Path, shape: Shape, seed: int, scheme: str, progress: Progress) -> None:
    """Write the model as `f16` or `q4_0`; every matrix is of that type, every norm F32.

    One tensor at a time is in memory. The bytes depend on shape, seed and scheme alone.
    """
    kind, file_type = _TYPES[scheme]
    writer = gguf.GGUFWriter(path, "llama")
    try:
        _describe(writer, shape, seed)
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        writer.add_file_type(file_type)
        for tensor in tensors(shape):
            _announce(writer, tensor, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        done, total = 0, parameters(shape)
        for tensor in tensors(shape):
            progress(done, total, tensor.name)
            writer.write_tensor_data(_values(tensor, seed, kind))
            done += tensor.size
        progress(done, total, "")
    finally:
        writer.close()


def _announce(writer: gguf.GGUFWriter, tensor: Tensor, kind: Type) -> None:
    if not isinstance(tensor, Matrix):
        writer.add_tensor_info(
            tensor.name, (tensor.size,), np.dtype(np.float32), tensor.size * 4, Type.F32
        )
        return
    block_weights, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    size_bytes = tensor.size // block_weights * block_bytes
    shape = (tensor.rows, tensor.columns)
    writer.add_tensor_info(tensor.name, shape, np.dtype(np.float16), size_bytes, kind)


def _values(tensor: Tensor, seed: int, kind: Type) -> NDArray[np.generic]:
    if not isinstance(tensor, Matrix):
        return norm_values(tensor, seed)
    return np.concatenate([*_encoded(tensor, seed, kind)])


def _encoded(matrix: Matrix, seed: int, kind: Type) -> Iterator[NDArray[np.generic]]:
    for rows in pieces(matrix, seed):
        yield int4.q4_0(rows) if kind is Type.Q4_0 else rows


def _describe(writer: gguf.GGUFWriter, shape: Shape, seed: int) -> None:
    said = about(shape, seed)
    writer.add_name(said["name"])
    writer.add_description(said["description"])
    writer.add_license(said["license"])
    writer.add_context_length(shape.context_length)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_vocab_size(shape.vocabulary)
    words = vocabulary(shape.vocabulary)
    kinds = [gguf.TokenType.CONTROL] * len(CONTROL)
    kinds += [gguf.TokenType.NORMAL] * (shape.vocabulary - len(CONTROL))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(words.tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in words.merges])
    writer.add_bos_token_id(BEGIN)
    writer.add_eos_token_id(END)
    writer.add_pad_token_id(PAD)
    writer.add_add_bos_token(value=False)
    writer.add_add_eos_token(value=False)
