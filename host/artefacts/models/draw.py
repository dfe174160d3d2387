"""Seeded weights: the same bytes on every machine and with every numpy.

Only what numpy promises to keep is used: `SeedSequence` and the raw stream of a bit generator
(NEP 19). The rest is integer arithmetic and single IEEE 754 operations; nothing comes from a
mathematical library, whose last digit differs between machines.
"""

from __future__ import annotations

import hashlib
from math import sqrt

import numpy as np
from numpy.typing import NDArray

# One weight is the sum of four uniform bytes less its mean (Irwin-Hall, close to normal within
# 3.45 standard deviations).
BYTES_EACH = 4
MEAN = 510  # 4 * 255 / 2
DEVIATION = sqrt(21_845)  # 4 * (256**2 - 1) / 12 is the variance

_EVEN_BYTES = np.uint64(0x00FF_00FF_00FF_00FF)
_EVEN_PAIRS = np.uint64(0x0000_FFFF_0000_FFFF)
_BYTE, _PAIR = np.uint64(8), np.uint64(16)


def stream(seed: int, name: str) -> np.random.SFC64:
    """The raw stream of one tensor; tensors do not depend on each other's size or order."""
    digest = hashlib.sha256(f"inferometer reference weights/{seed}/{name}".encode()).digest()
    return np.random.SFC64(int.from_bytes(digest, "big"))


def draw(bits: np.random.SFC64, count: int, deviation: float) -> NDArray[np.float32]:
    """The next `count` weights of a stream, mean 0, with standard deviation `deviation`.

    count: even, so that the pieces in which a tensor is drawn do not change it.
    """
    raw = np.asarray(bits.random_raw(count // 2))
    pairs = (raw & _EVEN_BYTES) + ((raw >> _BYTE) & _EVEN_BYTES)
    sums = (pairs & _EVEN_PAIRS) + ((pairs >> _PAIR) & _EVEN_PAIRS)
    centred = sums.astype("<u8", copy=False).view("<i4") - np.int32(MEAN)
    return centred.astype(np.float32) * np.float32(deviation / DEVIATION)
