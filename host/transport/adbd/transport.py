"""What a transport does with adbd's services, whichever way they are reached."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Protocol

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport import far_shell
from host.transport.adbd import shell_v2, sync
from host.transport.adbd.server_socket import RefusedError, linked
from host.transport.base import MAX_OUTPUT_BYTES, STALL_S, Done, Moved, unwatched
from host.transport.deadline import Deadline
from host.transport.received import Received

# How long a device may take to start a command that is then talked to.
OPEN_S = 10.0
# Ending what is past its deadline gets this long on top of it.
KILL_S = 2.0


class Services(Protocol):
    """A way to the services of one adbd."""

    def granted(self, service: str, deadline: Deadline) -> socket.socket:
        """A socket to a service that the device has granted.

        Raises RefusedError when the service said no, TransportError by the device's state.
        """
        ...

    def close(self) -> None: ...


class AdbTransport:
    """Transport to a device that runs adbd with shell v2: Android 7 and later.

    Each call has a socket of its own, so that threads need not wait for each other.
    """

    def __init__(self, device: str, services: Services) -> None:
        self.device = device
        self._services = services

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        line = far_shell.command(self.device, argv)
        line = far_shell.told_with_pid(far_shell.with_input(line) if stdin else line)
        out, err = bytearray(), bytearray()

        def said(kind: int, data: bytes) -> bool:
            (out if kind == shell_v2.STDOUT else err).extend(data)
            return len(out) + len(err) > MAX_OUTPUT_BYTES

        deadline = Deadline.after(timeout_s)
        try:
            status = self._converse(line, shell_v2.input_of(stdin), said, deadline)
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
                if offset == 0 and os.fstat(source.fileno()).st_size <= sync.WHOLE_BYTES:
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
            nothing = shell_v2.input_of(b"")
            status = self._converse(line, nothing, said, Deadline.stalled())
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
        sock = self._granted(f"shell,v2,raw:{line}", Deadline.after(OPEN_S))
        return shell_v2.ShellStream(self.device, sock, self._kill)

    def close(self) -> None:
        self._services.close()

    def _send(self, source: BufferedReader, dst: PurePosixPath, moved: Moved) -> None:
        with self._granted("sync:", Deadline.stalled()) as sock:
            try:
                sync.send(self.device, sock, source, dst, moved)
            except RefusedError as err:
                raise FarFileError(self.device, str(dst), str(err)) from err

    def _append(
        self, source: BufferedReader, dst: PurePosixPath, offset: int, moved: Moved
    ) -> None:
        err = bytearray()

        def said(_: int, data: bytes) -> None:
            err.extend(data[: MAX_OUTPUT_BYTES - len(err)])

        line = far_shell.write_from(dst, offset)
        try:
            given = shell_v2.input_from(source, moved)
            status = self._converse(line, given, said, Deadline.stalled())
        except TimeoutError as error:
            said_so = f"{dst}: nothing moved for {STALL_S:g} s"
            raise UnreachableError(self.device, said_so) from error
        if status != 0:
            raise FarFileError(self.device, str(dst), _text(err) or f"status {status}")

    def _converse(
        self,
        line: str,
        given: Iterator[shell_v2.Sendable],
        said: Callable[[int, bytes], object],
        deadline: Deadline,
    ) -> int | None:
        with self._granted(f"shell,v2,raw:{line}", deadline) as sock:
            return shell_v2.converse(self.device, sock, given, said, deadline)

    def _granted(self, service: str, deadline: Deadline) -> socket.socket:
        try:
            with linked(self.device):
                return self._services.granted(service, deadline)
        except RefusedError as err:
            if service.startswith("shell,v2,"):
                said = f"it grants no shell v2, which Android has since 7 ({err})"
                raise TransportError(self.device, said) from err
            raise TransportError(self.device, f"{service}: {err}") from err

    def _kill(self, pid: int | None) -> None:
        """End a command and what it started. adbd makes each the head of a process group."""
        if pid is not None:
            line = f"kill -9 -{pid} || kill -9 {pid}"
            with contextlib.suppress(TransportError, TimeoutError):  # the caller says what failed
                nothing = shell_v2.input_of(b"")
                self._converse(line, nothing, lambda _kind, _data: None, Deadline.after(KILL_S))


def _text(raw: bytes | bytearray) -> str:
    return raw.decode(errors="replace").strip()
