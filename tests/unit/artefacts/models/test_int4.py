from __future__ import annotations

import gguf
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from host.artefacts.models import int4

seeds = st.integers(0, 2**32)


def rows_of(seed: int) -> NDArray[np.float16]:
    return np.random.default_rng(seed).normal(size=(3, 96)).astype(np.float16)


@given(seeds)
def test_integers_and_scales_give_the_values_that_gguf_reads(seed: int) -> None:
    packed = int4.q4_0(rows_of(seed))
    blocks = int4.unpack(packed)
    values = (blocks.nibbles.astype(np.float32) - 8) * blocks.scales[..., None].astype(np.float32)
    read = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q4_0)
    assert np.array_equal(values.reshape(3, 96), read)


@given(seeds)
def test_integers_survive_packing_for_onnx_runtime(seed: int) -> None:
    blocks = int4.unpack(int4.q4_0(rows_of(seed)))
    packed = int4.matmul_nbits(blocks)
    assert packed.shape == (3, 3, 16)
    assert np.array_equal(int4.unpack_matmul_nbits(packed), blocks.nibbles)


def test_nibbles_are_where_the_two_formats_want_them() -> None:
    nibbles = np.arange(32, dtype=np.uint8).reshape(1, 1, 32) % 16
    packed = int4.matmul_nbits(int4.Blocks(nibbles, np.ones((1, 1), np.float16)))
    assert packed[0, 0, :3].tolist() == [0x10, 0x32, 0x54]
    body = bytes(range(0x10, 0x20))
    block = np.frombuffer(np.float16(1).tobytes() + body, np.uint8).reshape(1, -1)
    unpacked = int4.unpack(block).nibbles[0, 0]
    assert unpacked[:3].tolist() == [0, 1, 2]
    assert unpacked[16:].tolist() == [1] * 16


@given(seeds)
def test_quantizing_is_off_by_at_most_a_step(seed: int) -> None:
    rows = rows_of(seed)
    packed = int4.q4_0(rows)
    blocks = int4.unpack(packed)
    read = gguf.quants.dequantize(packed, gguf.GGMLQuantizationType.Q4_0)
    # A value opposite to the largest one is cut to 7 of 8 steps, hence a whole step.
    step = np.repeat(np.abs(blocks.scales.astype(np.float32)), 32, axis=-1)
    assert bool(np.all(np.abs(read - rows.astype(np.float32)) <= step * 1.01))
