"""A real adbd on a cable, through Google's own adb server and without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from host.transport import adb, adb_direct
from host.transport.adbd.server import private
from tests.fakes.ends.base import FarEnd
from tests.fakes.phone.phone import Phone, phone, why_not

ROOT = PurePosixPath("/data/local/tmp/end")


@contextmanager
def running(place: Path) -> Iterator[Phone]:
    """A phone with an empty folder ROOT, or a skip with the reason."""
    if reason := why_not():
        pytest.skip(reason)
    with phone(place) as made:
        (made.temporary / ROOT.name).mkdir()
        yield made


@contextmanager
def adb_end(place: Path) -> Iterator[FarEnd]:
    """place: an empty folder."""
    with running(place / "phone") as made:
        server = private(place)
        yield FarEnd(
            connect=lambda: adb.connect(made.address, server),
            root=ROOT,
            cut=made.net.cut,
            mend=made.net.mend,
        )


@contextmanager
def adb_direct_end(place: Path) -> Iterator[FarEnd]:
    """place: an empty folder."""
    pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
    with running(place / "phone") as made:
        yield FarEnd(
            connect=lambda: adb_direct.connect(made.address, place / "adbkey"),
            root=ROOT,
            cut=made.net.cut,
            mend=made.net.mend,
        )
