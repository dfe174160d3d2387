"""The one connection to a device that all its sessions share: an ssh master and its socket."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import BinaryIO

from host.errors import TransportError, UnreachableError
from host.transport.openssh.address import Address, SshOptions, master, session
from host.transport.openssh.refusals import plain, refusal

# sshd allows 10 sessions on a connection (sshd_config(5), MaxSessions): one is the anchor's, one
# is kept free to end processes with.
SESSIONS = 8
END_S = 2.0
MOMENT_S = 0.5  # between the end of a session and that of the connection which took it along
LOG_LINES = 400
NOISE_BYTES = 1 << 16
# A socket's path may have 103 bytes on macOS, and ssh appends 17 while it makes it.
FOLDER_BYTES = 70
# The anchor is the master's own session. It ends when our pipe does, so no connection outlives a
# host that was killed. It says which daemon serves it and when that was born ($20 is field 22 of
# proc(5) stat), and ends the daemon of the connection before this one: bytes of a dead link that
# arrive late must find nobody who writes them.
ANCHOR = """
born() { s=$(cat "/proc/$1/stat" 2>/dev/null) || return; s=${s##*) }; set -- $s; echo "${20}"; }
if [ -n "$3" ] && [ "$(born "$2")" = "$3" ]; then kill -s KILL "$2"; fi
echo "$1 $PPID $(born "$PPID")"
exec cat >/dev/null
"""


class Link:
    """A connection that is made when it is needed and is not there. For many threads."""

    def __init__(self, address: Address, options: SshOptions) -> None:
        self.device = address.text
        self.stall_s, self.connect_timeout_s = options.stall_s, options.connect_timeout_s
        self.slots = threading.BoundedSemaphore(SESSIONS)
        self.mark = secrets.token_hex(8)
        self._address, self._options = address, options
        self._folder = Path(_folder())
        self._lock = threading.Lock()
        self._count = 0
        self._master: subprocess.Popen[bytes] | None = None
        self._daemon = ("", "")
        self._log: deque[str] = deque(maxlen=LOG_LINES)

    @property
    def log(self) -> str:
        """The last of what ssh said of the connection."""
        return "\n".join(self._log)

    def up(self, deadline: float) -> None:
        """Connect, if there is no connection. deadline: monotonic time in s.

        Raises UnreachableError, AccessRefusedError, TransportError.
        """
        if not self._lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise UnreachableError(self.device, "no connection within the deadline")
        try:
            if self._master is None or self._master.poll() is not None:
                self._start(min(deadline, time.monotonic() + self.connect_timeout_s))
        finally:
            self._lock.release()

    def client(self, command: str) -> list[str]:
        """The argv that runs a line of the far shell over the connection."""
        return session(self._address, self._options, self._socket, command)

    def lost(self) -> bool:
        """Whether ssh has given the connection up, or does so in a moment."""
        process = self._master
        if process is None:
            return True
        try:
            process.wait(MOMENT_S)
        except subprocess.TimeoutExpired:
            return False
        return True

    def drop(self) -> None:
        """End the connection; the next call makes a new one."""
        with self._lock:
            self._end()

    def close(self) -> None:
        """End the connection and remove its socket."""
        self.drop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _socket(self) -> Path:
        return self._folder / str(self._count)

    def _start(self, deadline: float) -> None:
        self._end()
        self._count += 1
        self._log = deque(maxlen=LOG_LINES)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        command = shlex.join(["exec", "sh", "-c", ANCHOR, "sh", self.mark, *self._daemon])
        argv = master(self._address, self._options, self._socket, command)
        self._master = spawn(self.device, argv)
        self._said = self._master.stdout
        self._logger = threading.Thread(
            target=_keep, args=(self._master.stderr, self._log), daemon=True
        )
        self._logger.start()
        try:
            self._daemon = self._ready(deadline)
        except BaseException:
            self._end()
            raise

    def _ready(self, deadline: float) -> tuple[str, str]:
        """Wait for the anchor's line; the daemon's id and birth, "" where the device hides it."""
        said, found = b"", None
        line = re.compile(rb"(?:^|\n)" + self.mark.encode() + rb" (\d*) (\d*)\n")
        while found is None:
            chunk = self._read(deadline)
            said += chunk
            if not chunk or len(said) > NOISE_BYTES:
                raise self._no_shell(said)
            found = line.search(said)
        noise = said[: found.start()]
        if noise:
            detail = "its login shell prints before any command, which spoils what commands say"
            shown = plain(noise.decode(errors="replace"))
            raise TransportError(self.device, f"{detail}. Silence it; it prints {shown!r}")
        return found[1].decode(), found[2].decode()

    def _read(self, deadline: float) -> bytes:
        """What the anchor says next, b"" at its end. Raises UnreachableError past the deadline."""
        fd = self._said.fileno()  # type: ignore[union-attr]
        left = max(0.0, deadline - time.monotonic())
        if not select.select([fd], [], [], left)[0]:
            raise UnreachableError(self.device, "no answer within the deadline")
        return os.read(fd, NOISE_BYTES)

    def _no_shell(self, said: bytes) -> TransportError:
        self._logger.join(END_S)
        if said:
            shown = plain(said.decode(errors="replace"))
            return TransportError(self.device, f"no shell answers there; it says {shown!r}")
        return refusal(self._address, self._options, self.log)

    def _end(self) -> None:
        process, self._master = self._master, None
        if process is not None:
            end(process)
            self._logger.join(END_S)
            process.stdout.close()  # type: ignore[union-attr]


def spawn(device: str, argv: list[str], stdin: BinaryIO | None = None) -> subprocess.Popen[bytes]:
    """Start ssh without a terminal that it could ask on. stdin: None for a pipe.

    Raises TransportError.
    """
    try:
        return subprocess.Popen(
            argv,
            stdin=stdin or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, "SSH_ASKPASS_REQUIRE": "never"},
        )
    except FileNotFoundError as err:
        raise TransportError(device, f"{argv[0]}: the OpenSSH client is not installed") from err
    except (OSError, ValueError) as err:  # too long, or a NUL in it
        raise TransportError(device, f"the command cannot be sent ({err})") from err


def end(process: subprocess.Popen[bytes]) -> None:
    """End a client of ours: gently first, so that it removes its socket. Closes no output."""
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a jump host's ssh, too
        process.wait()


def _folder() -> str:
    base = tempfile.gettempdir()
    short = base if len(os.fsencode(base)) <= FOLDER_BYTES else "/tmp"  # noqa: S108 - mkdtemp
    return tempfile.mkdtemp(prefix="ifm-ssh-", dir=short)


def _keep(pipe: BinaryIO, log: deque[str]) -> None:
    with pipe:
        while raw := pipe.readline(NOISE_BYTES):
            log.append(raw.decode(errors="replace").rstrip("\r\n"))
