"""The sizes in which the reference models are made."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

# Base of the rotary angles and epsilon of the norms, as Llama 2 has them (arXiv:2307.09288 and
# its published configuration).
ROPE_BASE = 10_000.0
NORM_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Shape:
    """One size of the Llama architecture.

    width, feed_forward: features. heads, kv_heads: attention heads and shared key/value heads.
    output_gain: standard deviation of the logits, see `tensors.py`.
    origin: the published model that has this shape.
    """

    size: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int
    context_length: int
    output_gain: float
    origin: str

    @property
    def head_size(self) -> int:
        return self.width // self.heads

    @property
    def kv_width(self) -> int:
        return self.kv_heads * self.head_size

    @property
    def depth_gain(self) -> float:
        """Falls with the root of the depth, 1 at 8 layers, so that all sizes are alike."""
        return sqrt(8 / self.layers)


def about(shape: Shape, seed: int) -> dict[str, str]:
    """What a file of this model says of itself, in every format."""
    return {
        "name": f"inferometer reference {shape.size}",
        "description": f"Seeded random weights for measuring, seed {seed}; "
        f"shape of {shape.origin}.",
        "license": "Apache-2.0",
    }


# These give a mean next-token entropy of 4 to 5 bits (pinned by a test for tiny).
_TINY_GAIN = 4.2
_LARGE_GAIN = 4.6

SHAPES: dict[str, Shape] = {
    shape.size: shape
    for shape in (
        Shape("tiny", 8, 512, 1408, 8, 4, 4_096, 4_096, _TINY_GAIN, "no published model"),
        Shape("1b", 22, 2048, 5632, 32, 4, 32_000, 2_048, _LARGE_GAIN, "TinyLlama 1.1B"),
        Shape(
            "3b", 28, 3072, 8192, 24, 8, 32_000, 4_096, _LARGE_GAIN, "Llama 3.2 3B, own vocabulary"
        ),
        Shape("7b", 32, 4096, 11_008, 32, 32, 32_000, 4_096, _LARGE_GAIN, "Llama 2 7B"),
    )
}
