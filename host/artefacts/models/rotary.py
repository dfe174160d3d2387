"""Cosines and sines of the rotary position embedding, without a mathematical library.

`math.cos` may differ in the last digit between machines; here only additions, products and
square roots are used, which IEEE 754 fixes to the last bit.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

_TAYLOR_TERMS = 24  # the angle of one step is at most 1: 1 / 24! is far below a double's last bit


def rotary_tables(
    positions: int, head_size: int, base: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Tables of cos and sin of position * base**(-2 i / head_size): positions x head_size / 2.

    head_size: a power of two. Correct to about 1e-13 before rounding to 32 bits: each doubling
    of the table adds the rounding of one complex product.
    """
    turns = np.array([_unit(angle) for angle in _frequencies(head_size // 2, base)])
    cos, sin = np.ones((1, len(turns))), np.zeros((1, len(turns)))
    step_cos, step_sin = turns[:, 0], turns[:, 1]  # a turn by as many positions as there are rows
    while len(cos) < positions:
        cos, sin = (
            np.concatenate([cos, cos * step_cos - sin * step_sin]),
            np.concatenate([sin, sin * step_cos + cos * step_sin]),
        )
        step_cos, step_sin = step_cos * step_cos - step_sin * step_sin, 2 * step_cos * step_sin
    return cos[:positions].astype(np.float32), sin[:positions].astype(np.float32)


def _frequencies(count: int, base: float) -> list[float]:
    """base**(-i / count) for i below count, a power of two."""
    ratio = 1 / base
    for _ in range(count.bit_length() - 1):
        ratio = sqrt(ratio)
    listed = [1.0]
    for _ in range(count - 1):
        listed.append(listed[-1] * ratio)
    return listed


def _unit(angle: float) -> tuple[float, float]:
    """The cos and sin of an angle between 0 and 1, by their series."""
    parts = [1.0]
    for term in range(1, _TAYLOR_TERMS):
        parts.append(parts[-1] * angle / term)
    cos = sum(part * (1, 0, -1, 0)[at % 4] for at, part in enumerate(parts))
    sin = sum(part * (0, 1, 0, -1)[at % 4] for at, part in enumerate(parts))
    return cos, sin
