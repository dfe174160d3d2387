"""The INT4 weights that both forms of a reference model carry.

Q4_0 of llama.cpp: 32 weights share a 16-bit scale d; the low nibble of byte j is weight j, the
high nibble weight j + 16; a weight is d * (nibble - 8) (ggml-quants.c of llama.cpp).
MatMulNBits of ONNX Runtime with 4 bits and blocks of 32: byte j holds weights 2j (low) and
2j + 1 (high), the zero point is 8 unless given, scales are separate (ContribOperators.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import gguf
import numpy as np
from numpy.typing import NDArray

BLOCK_WEIGHTS = 32
_SCALE_BYTES, _NIBBLE_BYTES = 2, 16
BLOCK_BYTES = _SCALE_BYTES + _NIBBLE_BYTES


@dataclass(frozen=True, slots=True)
class Blocks:
    """Some rows. nibbles: integers 0..15, rows x blocks x 32. scales: rows x blocks."""

    nibbles: NDArray[np.uint8]
    scales: NDArray[np.float16]


def q4_0(rows: NDArray[np.float16]) -> NDArray[np.uint8]:
    """Rows as Q4_0 bytes, quantized as llama.cpp does without an importance matrix."""
    packed = gguf.quants.quantize(rows.astype(np.float32), gguf.GGMLQuantizationType.Q4_0)
    return np.asarray(packed, dtype=np.uint8)


def unpack(packed: NDArray[np.uint8]) -> Blocks:
    """Integers and scales of Q4_0 rows."""
    blocks = packed.reshape(packed.shape[0], -1, BLOCK_BYTES)
    scales = np.ascontiguousarray(blocks[..., :_SCALE_BYTES]).view("<f2")[..., 0]
    body = blocks[..., _SCALE_BYTES:]
    return Blocks(np.concatenate([body & 0x0F, body >> 4], axis=-1), scales)


def matmul_nbits(blocks: Blocks) -> NDArray[np.uint8]:
    """The same integers in the order of MatMulNBits: rows x blocks x 16 bytes."""
    low, high = blocks.nibbles[..., 0::2], blocks.nibbles[..., 1::2]
    return np.asarray(low | (high << 4), dtype=np.uint8)


def unpack_matmul_nbits(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Integers 0..15 of a MatMulNBits matrix: rows x blocks x 32."""
    pairs = np.stack([packed & 0x0F, packed >> 4], axis=-1)
    return pairs.reshape(*packed.shape[:-1], BLOCK_WEIGHTS)
