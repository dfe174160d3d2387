"""Seeded weights of the plain graphs, and their forms in 8 and 4 bits.

Every form is made from the same weights, rounded to 16 bits first. Only single IEEE 754
operations are used, so the bytes are the same on every machine (see `draw.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from host.artefacts.models import int4
from host.artefacts.models.draw import draw, stream

BIAS_DEVIATION = 0.1  # our choice: small beside activations of about 1
INT8_STEPS = 127  # symmetric: -127 to 127


@dataclass(frozen=True, slots=True)
class Quantized:
    """Integers -127 to 127 and their scale, one for each row or one for all."""

    integers: NDArray[np.int8]
    scales: NDArray[np.float32]


def weights(seed: int, name: str, shape: tuple[int, ...], gain: float) -> NDArray[np.float32]:
    """Gain / sqrt(fan-in) is the standard deviation; fan-in: all dimensions but the first."""
    deviation = gain / sqrt(prod(shape[1:]))
    drawn = draw(stream(seed, name), prod(shape), deviation)
    return drawn.astype(np.float16).astype(np.float32).reshape(shape)


def bias(seed: int, name: str, size: int) -> NDArray[np.float32]:
    """A bias of each output."""
    return draw(stream(seed, name), size, BIAS_DEVIATION)


def int8_by_row(rows: NDArray[np.float32]) -> Quantized:
    """One scale for each first index: the largest magnitude is 127 steps."""
    flat = np.abs(rows).reshape(len(rows), -1).max(axis=1)
    scales = (flat / np.float32(INT8_STEPS)).astype(np.float32)
    spread = scales.reshape((-1,) + (1,) * (rows.ndim - 1))
    return Quantized(np.rint(rows / spread).astype(np.int8), scales)


def tensor(name: str, values: NDArray[np.generic]) -> TensorProto:
    """An initializer with its bytes in the file, little-endian."""
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    little = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return helper.make_tensor(name, kind, values.shape, little.tobytes(), raw=True)


def nbits(name: str, rows: NDArray[np.float32]) -> tuple[TensorProto, TensorProto]:
    """Integers and scales of MatMulNBits: Q4_0 of llama.cpp, as `int4.py` describes it."""
    blocks = int4.unpack(int4.q4_0(rows.astype(np.float16)))
    packed = tensor(f"{name}.int4", int4.matmul_nbits(blocks))
    return packed, tensor(f"{name}.scales", blocks.scales.astype(np.float32))


def model_of(
    graph: onnx.GraphProto, opsets: dict[str, int], ir_version: int, about: dict[str, str]
) -> bytes:
    """The bytes of a file, the same each time."""
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    made = helper.make_model(
        graph, ir_version=ir_version, opset_imports=imports, producer_name="inferometer"
    )
    helper.set_model_props(made, about)
    raw: bytes = made.SerializeToString(deterministic=True)
    return raw
