"""Phones and whatever else runs adbd, through an adb server."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from socket import socket
from typing import BinaryIO

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport import adb_sync, far_shell, shell_v2
from host.transport.adb_devices import Device, chosen, devices, listed, trouble
from host.transport.adb_server import SERVERS
from host.transport.adb_socket import Address, RefusedError, granted, query
from host.transport.base import MAX_OUTPUT_BYTES, STALL_S, Done, Moved, unwatched
from host.transport.deadline import Deadline
from host.transport.received import Received

__all__ = ["Adb", "Device", "connect", "devices"]

# How long a device may take to say that it is there; on Wi-Fi it is asked first.
SETTLE_S = 10.0
POLL_S = 0.05
# Ending what is past its deadline gets this long on top of it.
KILL_S = 2.0
NETWORK = re.compile(r".+:[0-9]{1,5}")


class Adb:
    """Transport to one device of an adb server. Android 7 and later (shell v2).

    which: a serial, HOST:PORT, or `tid=NN` where two devices have one serial. Each call has a
    connection of its own to the server, so that threads need not wait for each other.
    """

    def __init__(self, which: str, server: Address) -> None:
        self.device = f"adb:{which}"
        self._which, self._server = which, server
        number = which.removeprefix("tid=")
        self._pick = f"transport-id:{number}" if number != which else f"transport:{which}"
        prefix = "host-transport-id" if number != which else "host-serial"
        self.features_request = f"{prefix}:{number}:features"
        self._closed = False

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        line = far_shell.told_with_pid(far_shell.command(self.device, argv))
        out, err = bytearray(), bytearray()

        def said(kind: int, data: bytes) -> bool:
            (out if kind == shell_v2.STDOUT else err).extend(data)
            return len(out) + len(err) > MAX_OUTPUT_BYTES

        deadline = Deadline.after(timeout_s)
        try:
            status = self._converse(line, [stdin], said, deadline)
        except TimeoutError as error:
            self._kill(shell_v2.process_id(err.split(b"\n", 1)[0]))
            message = f"{argv[0]} did not end within {timeout_s:g} s"
            raise UnreachableError(self.device, message) from error
        if status is None:
            self._kill(shell_v2.process_id(err.split(b"\n", 1)[0]))
            raise TransportError(self.device, f"{argv[0]} said more than is taken")
        return Done(status, bytes(out), bytes(err.partition(b"\n")[2]))

    def push(
        self, src: Path, dst: PurePosixPath, *, offset: int = 0, moved: Moved = unwatched
    ) -> None:
        try:
            with src.open("rb") as source:
                if offset == 0:
                    self._send(source, dst, moved)
                else:
                    source.seek(offset)
                    self._append(source, dst, offset, moved)
        except OSError as err:
            raise FarFileError(self.device, str(src), err.strerror or str(err)) from err

    def pull(
        self,
        src: PurePosixPath,
        dst: Path,
        *,
        offset: int = 0,
        max_bytes: int | None = None,
        moved: Moved = unwatched,
    ) -> int:
        line, early = far_shell.read_from(src, offset, max_bytes)
        received = Received(dst, offset, max_bytes, early=early, moved=moved)
        err = bytearray()

        def said(kind: int, data: bytes) -> bool:
            if kind == shell_v2.STDOUT:
                received.write(data)
            else:
                err.extend(data[: MAX_OUTPUT_BYTES - len(err)])
            return received.full

        try:
            status = self._converse(line, [], said, Deadline.stalled())
            if status:
                raise FarFileError(self.device, str(src), _text(err) or f"status {status}")
            return received.finish()
        except TimeoutError as error:
            raise UnreachableError(
                self.device, f"{src}: nothing came for {STALL_S:g} s"
            ) from error
        except OSError as error:
            raise FarFileError(self.device, str(dst), error.strerror or str(error)) from error
        finally:
            received.close()

    def open(self, argv: Sequence[str]) -> shell_v2.ShellStream:
        line = far_shell.told_with_pid(far_shell.command(self.device, argv))
        sock = self._granted(f"shell,v2,raw:{line}", Deadline.after(SETTLE_S))
        return shell_v2.ShellStream(self.device, sock, self._kill)

    def close(self) -> None:
        """Give up our hold on the server."""
        if not self._closed:
            self._closed = True
            SERVERS.release(self._server)

    def _send(self, source: BinaryIO, dst: PurePosixPath, moved: Moved) -> None:
        with self._granted("sync:", Deadline.stalled()) as sock:
            try:
                adb_sync.send(self.device, sock, source, dst, moved)
            except RefusedError as err:
                raise FarFileError(self.device, str(dst), str(err)) from err

    def _append(self, source: BinaryIO, dst: PurePosixPath, offset: int, moved: Moved) -> None:
        err = bytearray()

        def given() -> Iterator[bytes]:
            while chunk := source.read(shell_v2.CHUNK_BYTES):
                yield chunk
                moved(len(chunk))

        def said(_: int, data: bytes) -> None:
            err.extend(data[: MAX_OUTPUT_BYTES - len(err)])

        line = far_shell.write_from(dst, offset)
        try:
            status = self._converse(line, given(), said, Deadline.stalled())
        except TimeoutError as error:
            said_so = f"{dst}: nothing moved for {STALL_S:g} s"
            raise UnreachableError(self.device, said_so) from error
        if status != 0:
            raise FarFileError(self.device, str(dst), _text(err) or f"status {status}")

    def _converse(
        self,
        line: str,
        given: Iterable[bytes],
        said: Callable[[int, bytes], object],
        deadline: Deadline,
    ) -> int | None:
        with self._granted(f"shell,v2,raw:{line}", deadline) as sock:
            return shell_v2.converse(self.device, sock, given, said, deadline)

    def _granted(self, service: str, deadline: Deadline) -> socket:
        """A connection to a service of the device. Raises what its state means when refused."""
        try:
            return granted(
                self.device, self._server, f"host:{self._pick}", service, deadline=deadline
            )
        except RefusedError as err:
            found = chosen(self.device, self._which, listed(self._server))
            raise trouble(self.device, found) or TransportError(self.device, str(err)) from err

    def _kill(self, pid: int | None) -> None:
        """End a command and what it started. adbd makes each the head of a process group."""
        if pid is not None:
            line = f"kill -9 -{pid} || kill -9 {pid}"
            with contextlib.suppress(TransportError, TimeoutError):  # the caller says what failed
                self._converse(line, [], lambda _kind, _data: None, Deadline.after(KILL_S))


def connect(which: str, server: Address | None = None) -> Adb:
    """A transport to `SERIAL`, `HOST:PORT` (asked to come first) or `tid=NN`.

    server: whose devices; by default where adb itself would look. One is started, and ended when
    its last transport closes, only where none answers.
    Raises UnreachableError, AccessRefusedError, TransportError when two have the serial or its
    Android is too old.
    """
    address = server or Address.of_environment()
    SERVERS.hold(address)
    made = Adb(which, address)
    try:
        _reach(made.device, which, address)
        _check(made, address, which)
    except BaseException:
        made.close()
        raise
    return made


def _reach(device: str, which: str, address: Address) -> None:
    """Wait until the device is there; one of a network is asked to come."""
    said = ""
    on_network = NETWORK.fullmatch(which) is not None
    found = chosen(device, which, listed(address))
    if on_network and (found is None or found.state == "offline"):
        said = _invite(device, which, address, found)
    deadline = time.monotonic() + SETTLE_S
    while True:
        found = chosen(device, which, listed(address))
        problem = trouble(device, found)
        if problem is None:
            return
        passing = found is not None and found.state in ("connecting", "authorizing", "offline")
        if not passing or time.monotonic() > deadline:
            raise UnreachableError(device, said) if found is None and said else problem
        time.sleep(POLL_S)


def _invite(device: str, which: str, address: Address, found: Device | None) -> str:
    """`adb connect`, after a disconnect where the server holds a dead connection; what it said."""
    try:
        if found is not None:
            query(device, address, f"host:disconnect:{which}", timeout_s=SETTLE_S)
        return query(device, address, f"host:connect:{which}", timeout_s=3 * SETTLE_S)
    except RefusedError as err:
        return str(err)


def _check(made: Adb, address: Address, which: str) -> None:
    """Shell v2 is there and answers; a connection that hangs since a cut is made anew, once."""
    try:
        features = query(made.device, address, made.features_request, timeout_s=SETTLE_S)
        if "shell_v2" not in re.split(r"[,\n]", features):
            said = "its adbd has no shell v2 (Android 7 and later have): use adb-direct"
            raise TransportError(made.device, said)
        made.call(["true"], timeout_s=SETTLE_S / 2)
    except UnreachableError:
        if NETWORK.fullmatch(which) is None:
            raise
        _invite(made.device, which, address, chosen(made.device, which, listed(address)))
        _reach(made.device, which, address)
        made.call(["true"], timeout_s=SETTLE_S)


def _text(raw: bytes | bytearray) -> str:
    return raw.decode(errors="replace").strip()
