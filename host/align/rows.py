"""Rows of fixed length in a file, read as they are needed: none of them stays in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from collectors.meters.layout import Rows

# Rows that are held at a time: 8 MiB for each column of doubles.
PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class RowFile:
    """The first `count` rows of a file."""

    path: Path
    dtype: np.dtype[np.void]
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, first: int, stop: int) -> Rows:
        """Rows from first up to stop. Raises ValueError where the file has become shorter."""
        wanted, offset = max(0, stop - first), first * self.dtype.itemsize
        found = np.fromfile(self.path, self.dtype, wanted, offset=offset)
        if len(found) < wanted:
            raise ValueError(f"{self.path.name} has become shorter")
        return found

    def pieces(self, first: int, stop: int) -> Iterator[tuple[int, Rows]]:
        """The same in pieces, each with its first row."""
        for at in range(first, stop, PIECE):
            yield at, self.read(at, min(at + PIECE, stop))

    def column(self, name: str) -> npt.NDArray[np.int64]:
        """A column of integers, whole."""
        parts = [np.array(rows[name]) for _, rows in self.pieces(0, self.count)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)
