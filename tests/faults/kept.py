"""A kept session on this machine: started, joined over a bad link, ended for sure."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.wire import Message, decode, encode
from collectors.clocks import device_clock
from host.deploy.stage import deploy_local
from host.handover.deployment import Deployment
from host.run.kept import KeptStream, Way
from host.transport.base import Transport
from host.transport.local import Local
from tests.fakes.replays import order, sampled, write_recording
from tests.faults.case import need

HEAR_S = 60.0
# As short as a machine that is busy with other things allows: joining starts a Python process.
SILENT_S = 3.0


@functools.cache
def deployment() -> Deployment:
    place = tempfile.mkdtemp(prefix="inferometer-faults-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return deploy_local(Local(), Path(place) / "store")


@dataclass(frozen=True, slots=True)
class Kept:
    """A session and where it spools."""

    pid: int
    directory: Path
    lock: Path

    def way(self, connect: Callable[[], Transport] = Local, by: str = "") -> Way:
        """by: what the host calls itself."""
        return Way(connect, lambda n: self.attach(n, by), 60.0, lambda _: None, SILENT_S)

    def attach(self, first: int, by: str = "") -> list[str]:
        return [*deployment().argv(), "attach", str(self.directory), str(first), by]

    def orders(self, count: int, **over: Any) -> bytes:  # noqa: ANN401
        """A queue of attempts of the replay engine, each sampled."""
        recording = write_recording(self.directory.parent / "recording")
        fields = {"sampling": sampled(), "idle_before_s": 0.3, **over}
        orders = [
            order(self.directory / f"{n:03d}", recording, number=n, **fields)
            for n in range(1, count + 1)
        ]
        return encode("queue", {"orders": orders, "gates": {"timeout_s": 0.0}})


def detach(directory: Path, lock: Path) -> Message:
    argv = [*deployment().argv(), "detach", str(directory), str(lock)]
    done = subprocess.run(argv, capture_output=True, check=False, timeout=HEAR_S)
    return decode(done.stdout)


@contextmanager
def kept_session(place: Path) -> Iterator[Kept]:
    directory, lock = place / "spool" / "run", place / "lock"
    said = detach(directory, lock)
    need(said["type"] == "kept", f"no session: {said}")
    try:
        yield Kept(said["pid"], directory, lock)
    finally:
        kill(said["pid"], signal.SIGCONT)
        kill(said["pid"], signal.SIGKILL)


def kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@contextmanager
def joined(way: Way, first: int = 0) -> Iterator[KeptStream]:
    stream = KeptStream(way, device_clock(), device="kept", first=first)
    try:
        yield stream
    finally:
        stream.close(timeout_s=5)


def hear(stream: KeptStream) -> Message:
    return decode(stream.receive_line(timeout_s=HEAR_S))


def hear_until(stream: KeptStream, kind: str, phase: str = "") -> list[Message]:
    """Messages up to the first of this type, and of this phase where one is named."""
    found: list[Message] = []
    while True:
        raw = stream.receive_line(timeout_s=HEAR_S)
        need(raw != b"", f"the session ended before {kind}: {found[-3:]}")
        found.append(decode(raw))
        if found[-1]["type"] == kind and phase in ("", found[-1].get("phase")):
            return found
