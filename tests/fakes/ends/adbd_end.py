"""A real adbd on a cable, through Google's own adb server and without one."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest

from host.transport import adb, adb_direct
from host.transport.adbd.server import private, program
from host.transport.adbd.server_socket import Address
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


def waits_until(true: Callable[[], bool]) -> None:
    """Until it is true; the test's own time limit ends what never is."""
    pause = threading.Event()
    while not true():
        pause.wait(0.02)


@contextmanager
def other_server(place: Path) -> Iterator[Address]:
    """An adb server that is not ours. place: a folder for its socket."""
    address = private(place)
    started = subprocess.Popen(
        [program(), "-L", str(address), "server", "nodaemon"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with started:
        waits_until(address.answers)
        yield address
        started.kill()


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
