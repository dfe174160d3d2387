"""Child processes of the session: started as the same agent, read by a thread, ended for sure."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import agent
from agent.pipes import Sender, listen

# Who a line is from and what it says; None is the end of that child's messages.
Post = Callable[[object, "bytes | None"], None]


def command(role: str) -> tuple[list[str], dict[str, str]]:
    """Argument list and environment that start this agent again in another role.

    The package's parent folder is the `.pyz` itself when it is packed.
    """
    root = Path(agent.__file__).parent.parent
    environment = dict(os.environ)
    if root.is_file():
        isolated = ["-I"] if sys.flags.isolated else []
        return [sys.executable, *isolated, str(root), role], environment
    paths = [str(root), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    return [sys.executable, "-m", "agent", role], environment


class Child:
    """One child: messages down its stdin, lines of its stdout to `post`, stderr to a log."""

    def __init__(self, role: str, log: Path, post: Post) -> None:
        argv, environment = command(role)
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                env=environment,
                bufsize=0,
            )
        self.role = role
        self.sender = Sender(os.dup(_pipe(self._process.stdin).fileno()))
        _pipe(self._process.stdin).close()
        stdout = _pipe(self._process.stdout)
        listen(stdout.fileno(), lambda raw: post(self, raw), lambda: post(self, None))

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """End it at once (SIGKILL); its pipe then closes, which is posted."""
        with contextlib.suppress(OSError):  # gone already
            self._process.kill()

    def wait(self, timeout_s: float) -> int:
        """Its exit status, below zero for a signal; killed when it does not end by itself.

        Closes the pipes.
        """
        self.sender.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        stdout = _pipe(self._process.stdout)
        stdout.close()
        return self._process.returncode


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("the child has no pipe")
    return pipe
