"""A real adbd whose cable, daemon, server or power goes in a push or a pull (F4, F5, F7, F11).

Between the host and the device is a proxy that cuts. One adb server serves all of them: it takes
three seconds to look for USB devices when it starts.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from host.errors import TransportError, UnreachableError
from host.transport import adb, adb_direct
from host.transport.adbd.server import SERVERS, private, program
from host.transport.adbd.server_socket import Address, RefusedError, query
from host.transport.adbd.sync import WHOLE_BYTES
from host.transport.base import MAX_OUTPUT_BYTES, Transport, output
from tests.fakes.phone import phone as phones
from tests.faults.case import Case, Seen, need
from tests.faults.far import Ground, Push, collected, flooded, pushed
from tests.faults.proxy import HERE, Fault, Proxy, proxy

FAR = PurePosixPath("/data/local/tmp")
CHUNK_BYTES = 1 << 20
# What a device says until a transport stands, and how much it then says while a run is collected.
FIRST_BYTES, LAST_BYTES = 700, 4200
# Between us and the device's file: buffers of sockets, server and daemon (7 MiB seen).
ON_ITS_WAY_BYTES = 12 << 20
AGAIN_S = 20.0
STARTING = threading.Lock()


@functools.cache
def server() -> Address:
    place = Path(tempfile.mkdtemp(prefix="inferometer-faults-adb-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    address = private(place)
    SERVERS.hold(address)  # until this process ends
    return address


@functools.cache
def why_not() -> str:
    if importlib.util.find_spec("adb_shell") is None:
        return "the extra adb-direct is not installed"
    return phones.why_not() or ""


@dataclass
class Bench:
    """A phone behind a proxy. ways: how often it was connected to."""

    phone: phones.Phone
    link: Proxy
    place: Path
    direct: bool
    server: Address

    @property
    def ground(self) -> Ground:
        return Ground(FAR, self.phone.temporary)

    @property
    def address(self) -> str:
        return f"{HERE}:{self.link.port}"

    def connect(self) -> Transport:
        """As who stands beside it would: again, while the server still calls it offline."""
        until_s = time.monotonic() + AGAIN_S
        while True:
            try:
                return self._connect()
            except UnreachableError:
                if time.monotonic() > until_s:
                    raise
                threading.Event().wait(0.2)

    def _connect(self) -> Transport:
        if self.direct:
            return adb_direct.connect(self.address, self.place / "adbkey")
        return adb.connect(self.address, self.server)

    def daemon_dies(self) -> None:
        """Kill adbd; the phone's first process starts another one."""
        for pid in self.phone.net.pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
                if b"platform-tools/adbd" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGKILL)
        self.phone.await_adbd()

    def server_dies(self) -> None:
        subprocess.run([program(), "-L", str(self.server), "kill-server"], check=True, timeout=30)


@contextmanager
def bench(place: Path, faults: list[Fault], *, direct: bool, own: bool = False) -> Iterator[Bench]:
    """own: with an adb server that nobody else uses."""
    with STARTING:
        serves = private(place) if own else server()
    with (
        phones.phone(place / "phone") as device,
        proxy((device.net.address, device.port), faults) as link,
    ):
        made = Bench(device, link, place, direct, serves)
        try:
            yield made
        finally:
            if not direct and not own:
                with contextlib.suppress(TransportError, RefusedError):
                    query("adb", serves, f"host:disconnect:{made.address}", timeout_s=10)


def push(row: str, name: str, breaks: Callable[[Bench], None], *, direct: bool) -> Case:
    """A push that is broken at a byte which is drawn."""
    way = "adb-direct" if direct else "adb"

    def play(place: Path, draw: random.Random) -> Seen:
        own = name == "server killed"
        with bench(place, [], direct=direct, own=own) as far:
            large = draw.random() < 0.5
            least = WHOLE_BYTES if large else 0
            drawn = Push.drawn(place, draw, CHUNK_BYTES, least)
            sure = ON_ITS_WAY_BYTES if large else sys.maxsize  # a small file begins again
            return pushed(drawn, far.ground, far.connect, lambda: breaks(far), sure)

    return Case(row, f"{way} push: {name}", play, why_not, 1)


def collect(kind: str, *, direct: bool) -> Case:
    """A run is collected while its first connections are cut, at a byte which is drawn."""
    way = "adb-direct" if direct else "adb"

    def play(place: Path, draw: random.Random) -> Seen:
        bad = [Fault(kind, draw.randint(FIRST_BYTES, LAST_BYTES))]
        with bench(place, bad, direct=direct) as far:
            seen = collected(place, far.ground, far.connect, far.connect)
            return Seen(seen.outcome, seen.detail, seen.acknowledged, fired=bool(far.link.struck))

    return Case("F7", f"{way} collect: {kind}", play, why_not, 2)


def talks_on(place: Path, draw: random.Random) -> Seen:
    """A device that answers with gigabytes, to a command or as a file that is pulled."""
    source, most = draw.choice(("yes", "pull")), draw.randint(1, 8 << 20)
    with (
        bench(place, [], direct=draw.random() < 0.5) as far,
        contextlib.closing(far.connect()) as transport,
    ):

        def after() -> None:
            need(output(transport, ["echo", "on"], timeout_s=30) == b"on\n", "it answers no more")
            need(transport.call(["pgrep", "yes"], timeout_s=30).stdout == b"", "it talks on")

        def ask() -> None:
            if source == "yes":
                transport.call(["yes", "x" * 4000], timeout_s=60)
            come = transport.pull(PurePosixPath("/dev/zero"), place / "zero", max_bytes=most)
            need(
                come == most == (place / "zero").stat().st_size, f"{come} bytes, {most} asked for"
            )
            raise TransportError("adb", f"cut off at {most} bytes of {MAX_OUTPUT_BYTES} at most")

        return flooded(ask, after)


def cable(far: Bench) -> None:
    far.link.end()


def restart(far: Bench) -> None:
    far.phone.reboot()


CASES = (
    push("F7", "cable out", cable, direct=False),
    push("F7", "cable out", cable, direct=True),
    push("F7", "server killed", Bench.server_dies, direct=False),
    push("F4", "adbd killed", Bench.daemon_dies, direct=False),
    push("F4", "adbd killed", Bench.daemon_dies, direct=True),
    push("F5", "phone restarts", restart, direct=False),
    push("F5", "phone restarts", restart, direct=True),
    collect("reset", direct=False),
    collect("close", direct=True),
    Case("F11", "adb: answers without end", talks_on, why_not, 1),
)
