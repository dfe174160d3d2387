"""GGUF files with a tensor that is wrong: they load, and run exactly as fast."""

from __future__ import annotations

import shutil
from pathlib import Path

import gguf


def spoilt(model: Path, copy: Path) -> Path:
    """A copy with one Q4_0 tensor wrong: the top bit of every nibble turned, scales kept."""
    shutil.copy(model, copy)
    reader = gguf.GGUFReader(copy, "r+")
    tensor = next(t for t in reader.tensors if t.name == "blk.3.ffn_down.weight")
    assert tensor.tensor_type == gguf.GGMLQuantizationType.Q4_0
    blocks = tensor.data.reshape(-1, 18)  # a scale of two bytes, 16 bytes of nibbles
    blocks[:, 2:] ^= 0x88
    reader.data.flush()
    return copy
