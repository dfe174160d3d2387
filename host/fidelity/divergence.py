"""Two sets of logits for the same positions, compared position by position. Pure, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Logits = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# Rows taken at once: 128 k entries in float64 are 1 MB a row, and about five such arrays live.
BLOCK_ROWS = 64


class NotFiniteError(ValueError):
    """A logit is no finite number; says which side, which row and how many."""


@dataclass(frozen=True, slots=True)
class WindowScore:
    """One window, an entry a position. Natural logarithms.

    kl: sum(p * (ln p - ln q)), p of the reference, q of the tested model. reference_nll, nll:
    -ln of the probability of the id that really follows. agrees: the largest logits are of one id
    (the lowest id on a tie).
    """

    language: str
    kl: FloatArray
    reference_nll: FloatArray
    nll: FloatArray
    agrees: BoolArray

    def __len__(self) -> int:
        return len(self.kl)


def log_softmax(rows: Logits) -> FloatArray:
    """Logarithms of the probabilities that logits stand for, row by row, [rows, n_vocab]."""
    wide = np.asarray(rows, dtype=np.float64)
    shifted: FloatArray = wide - wide.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def score(
    language: str, reference: Logits, tested: Logits, following: Sequence[int]
) -> WindowScore:
    """Compare one window. reference, tested: [rows, n_vocab]; following: the id after each row.

    Raises NotFiniteError, and ValueError where the shapes do not fit each other.
    """
    if reference.shape != tested.shape or reference.shape[0] != len(following):
        raise ValueError(f"logits of {tested.shape}, the reference has {reference.shape}")
    nexts = np.asarray(following, dtype=np.int64)
    if len(nexts) and not 0 <= nexts.min() <= nexts.max() < reference.shape[1]:
        raise ValueError("a token id is outside of the vocabulary")
    parts = [
        _block(
            reference[i : i + BLOCK_ROWS], tested[i : i + BLOCK_ROWS], nexts[i : i + BLOCK_ROWS]
        )
        for i in range(0, len(nexts), BLOCK_ROWS)
    ]
    kl, reference_nll, nll, agrees = (np.concatenate(each) for each in zip(*parts, strict=True))
    return WindowScore(language, kl, reference_nll, nll, agrees)


def _block(
    reference: Logits, tested: Logits, nexts: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
    _check(reference, "the reference")
    _check(tested, "the tested model")
    p, q, at = log_softmax(reference), log_softmax(tested), np.arange(len(nexts))
    kl = (np.exp(p) * (p - q)).sum(axis=1)
    same = reference.argmax(axis=1) == tested.argmax(axis=1)
    # Below zero only by rounding of the sum: the divergence itself cannot be.
    return np.maximum(kl, 0.0), -p[at, nexts], -q[at, nexts], same


def _check(rows: Logits, whose: str) -> None:
    bad = ~np.isfinite(rows)
    if bad.any():
        row = int(np.flatnonzero(bad.any(axis=1))[0])
        raise NotFiniteError(f"{int(bad.sum())} logits of {whose}, first in row {row} of a block")
