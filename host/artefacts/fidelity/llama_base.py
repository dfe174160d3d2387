"""A reference as `llama-perplexity --kl-divergence-base` reads one.

llama.cpp, tools/perplexity/perplexity.cpp: `_logits_`, then n_ctx, n_vocab and the number of
windows, 32 bits each, little-endian; the token ids of all windows; then for every scored position
two float32 (scale, lowest logarithm of a probability) and a 16-bit step for each id, one more
where the vocabulary is odd. ln p = lowest + scale * step. No logit is taken as lower than the
largest one minus 16.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from host.artefacts.fidelity.reference import Reference
from host.errors import ArtefactError

if TYPE_CHECKING:
    import numpy.typing as npt

MAGIC = b"_logits_"
# log_softmax of the same file: how far below the largest logit a step is still told apart.
FLOOR = 16.0
STEPS = 65535
BLOCK_ROWS = 64


def write_base(reference: Reference, path: Path) -> None:
    """Write the file. Raises OSError; ArtefactError where the windows are not cut as its own."""
    head = reference.head
    if head.first != head.n_ctx // 2 or any(len(w.ids) != head.n_ctx for w in head.windows):
        said = "its windows are not cut as those of llama-perplexity"
        raise ArtefactError(str(reference.path), said)
    counts = np.array([head.n_ctx, head.n_vocab, len(head.windows)], dtype="<i4")
    ids = np.array([window.ids for window in head.windows], dtype="<i4")
    with path.open("wb") as file:
        file.write(MAGIC + counts.tobytes() + ids.tobytes())
        for number in range(len(head.windows)):
            rows = reference.logits(number)
            for first in range(0, len(rows), BLOCK_ROWS):
                file.write(coded(rows[first : first + BLOCK_ROWS]).tobytes())


def coded(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """Rows of logits, float [rows, n_vocab], as in the file: [rows, 4 + n_vocab made even]."""
    wide = np.asarray(rows, dtype=np.float64)
    largest = wide.max(axis=1, keepdims=True)
    lowest = np.maximum(wide.min(axis=1, keepdims=True), largest - FLOOR)
    scale = ((largest - lowest) / STEPS).astype("<f4")
    sums = np.log(np.exp(wide - largest).sum(axis=1, keepdims=True))
    head = np.hstack([scale, (lowest - largest - sums).astype("<f4")]).astype("<f4")
    width = wide.shape[1] + wide.shape[1] % 2
    made = np.zeros((len(wide), 4 + width), dtype="<u2")
    made[:, :4] = np.ascontiguousarray(head).view("<u2")
    step = np.where(scale > 0, scale, 1).astype(np.float64)
    steps = np.rint((np.maximum(wide, lowest) - lowest) / step)
    made[:, 4 : 4 + wide.shape[1]] = np.clip(steps, 0, STEPS)
    return made
