"""The machine at hand as a far end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from host.transport.local import Local
from tests.fakes.ends.base import FarEnd


@contextmanager
def local_end(place: Path) -> Iterator[FarEnd]:
    """place: an empty folder."""
    yield FarEnd(connect=Local, root=PurePosixPath(place))
