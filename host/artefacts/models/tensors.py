"""Which tensors a reference model has, how they are spread, and their values in pieces.

A model whose weights are all alike gives a flat next-token distribution and falls into one
repeated token. Here embeddings have variance 1, layers add a little to them, and the output
matrix makes logits of standard deviation `Shape.output_gain`: the next token is about as
uncertain as that of a real model. Attention that looks at few places, and adds more than the
feed-forward part, makes the next token depend on the whole text: a greedy text does not fall
into a loop. The gains were found by trial over some twenty prompts; tests pin what they give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from host.artefacts.models.draw import draw, stream
from host.artefacts.models.shape import Shape
from host.artefacts.models.vocabulary import quiet_tokens

# Rows that are drawn at once: bounds the memory, not the values.
PIECE_WEIGHTS = 1 << 22
# Standard deviation of queries and keys, and of what attention and feed-forward part add to the
# residual stream at 8 layers.
LOOK_GAIN, ATTENTION_GAIN, FEED_FORWARD_GAIN = 1.4, 0.3, 0.15
# Norms are spread a little, so that two norms taken for each other are noticed.
NORM_DEVIATION = 0.1
# Tokens that are no text on their own (control tokens, pieces of a character) have logits this
# much smaller, so that a greedy text stays readable.
QUIET_GAIN = np.float32(0.25)

# done, total (weights of the model), what
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A matrix as GGUF names and lays it out: rows are outputs, columns inputs."""

    name: str
    rows: int
    columns: int
    deviation: float

    @property
    def size(self) -> int:
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Norm:
    """The weights of an RMS norm, kept as 32-bit floats in every scheme."""

    name: str
    size: int


Tensor = Matrix | Norm
EMBEDDING, OUTPUT, OUTPUT_NORM = "token_embd.weight", "output.weight", "output_norm.weight"


def tensors(shape: Shape) -> tuple[Tensor, ...]:
    """All tensors, in the order in which llama.cpp writes them.

    So the Q4_0 file is, byte for byte, the one that llama.cpp's quantizer makes of the F16 file.
    """
    wide, deep = 1 / sqrt(shape.width), 1 / sqrt(shape.feed_forward)
    look = LOOK_GAIN * wide
    attention = ATTENTION_GAIN * shape.depth_gain * wide
    feed_forward = FEED_FORWARD_GAIN * shape.depth_gain * deep
    listed: list[Tensor] = [
        Matrix(OUTPUT, shape.vocabulary, shape.width, shape.output_gain * wide),
        Norm(OUTPUT_NORM, shape.width),
        Matrix(EMBEDDING, shape.vocabulary, shape.width, 1.0),
    ]
    for layer in range(shape.layers):
        at = f"blk.{layer}."
        listed += [
            Matrix(at + "attn_k.weight", shape.kv_width, shape.width, look),
            Norm(at + "attn_norm.weight", shape.width),
            Matrix(at + "attn_output.weight", shape.width, shape.width, attention),
            Matrix(at + "attn_q.weight", shape.width, shape.width, look),
            Matrix(at + "attn_v.weight", shape.kv_width, shape.width, wide),
            Matrix(at + "ffn_down.weight", shape.width, shape.feed_forward, feed_forward),
            Matrix(at + "ffn_gate.weight", shape.feed_forward, shape.width, wide),
            Norm(at + "ffn_norm.weight", shape.width),
            Matrix(at + "ffn_up.weight", shape.feed_forward, shape.width, wide),
        ]
    return tuple(listed)


def parameters(shape: Shape) -> int:
    """The number of weights, norms included."""
    return sum(tensor.size for tensor in tensors(shape))


def norm_values(norm: Norm, seed: int) -> NDArray[np.float32]:
    """Weights around 1."""
    return np.float32(1) + draw(stream(seed, norm.name), norm.size, NORM_DEVIATION)


def pieces(matrix: Matrix, seed: int) -> Iterator[NDArray[np.float16]]:
    """The matrix from the top, some rows at a time, as the 16-bit floats schemes start from."""
    bits = stream(seed, matrix.name)
    quiet = _quiet_rows(matrix)
    rows_each = max(1, PIECE_WEIGHTS // matrix.columns)
    for first in range(0, matrix.rows, rows_each):
        rows = min(rows_each, matrix.rows - first)
        drawn = draw(bits, rows * matrix.columns, matrix.deviation).reshape(rows, matrix.columns)
        drawn[[row - first for row in quiet if first <= row < first + rows]] *= QUIET_GAIN
        yield drawn.astype(np.float16)


def _quiet_rows(matrix: Matrix) -> tuple[int, ...]:
    return quiet_tokens(matrix.rows) if matrix.name == OUTPUT else ()
