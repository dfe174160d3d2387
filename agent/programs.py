"""Asks a program of the device for its word: bounded in time and bytes, not judged here."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any

MAX_BYTES = 16 << 10
CHUNK = 4096


def ask_program(
    argv: Sequence[str], deadline_s: float, max_bytes: int = MAX_BYTES
) -> dict[str, Any]:
    """What a program prints: `argv`, `status`, `stdout`, `stderr`, and `fault` when it failed.

    fault: `not-present`, `not-runnable`, `hang`, `too-long`; "" otherwise. The program gets no
    input, the C locale and UTC; at the deadline, or past max_bytes, its process group is killed.
    """
    said: dict[str, Any] = {"argv": list(argv), "status": None, "stdout": "", "stderr": ""}
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC", "SYSTEMD_COLORS": "0"}
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except FileNotFoundError:
        return {**said, "fault": "not-present"}
    except (OSError, ValueError) as err:
        return {**said, "fault": f"not-runnable: {type(err).__name__}"}
    with process:
        fault, texts = _listen(process, time.monotonic() + deadline_s, max_bytes)
        if fault:
            with contextlib.suppress(OSError):  # ended by itself in between
                os.killpg(process.pid, signal.SIGKILL)
        said["status"] = process.wait()
    said["stdout"], said["stderr"] = texts
    return {**said, "fault": fault}


def _listen(
    process: subprocess.Popen[bytes], until: float, max_bytes: int
) -> tuple[str, list[str]]:
    """Read both outputs to their ends, the limit or the deadline: (fault, texts)."""
    got = (bytearray(), bytearray())
    fault = ""
    with selectors.DefaultSelector() as selector:
        for stream, part in zip((process.stdout, process.stderr), got, strict=True):
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, part)
        while selector.get_map() and not fault:
            fault = _round(selector, until, max_bytes)
    if not fault and not _ended(process, until):
        fault = "hang"
    return fault, [bytes(part[:max_bytes]).decode(errors="replace") for part in got]


def _round(selector: selectors.BaseSelector, until: float, max_bytes: int) -> str:
    """Take what is there now, or wait for it: the fault, "" when there is none."""
    ready = selector.select(max(0.0, until - time.monotonic()))
    for key, _ in ready:
        chunk = os.read(key.fd, CHUNK)
        if not chunk:
            selector.unregister(key.fileobj)
        key.data.extend(chunk)
        if len(key.data) > max_bytes:
            return "too-long"
    return "" if ready else "hang"


def _ended(process: subprocess.Popen[bytes], until: float) -> bool:
    """Whether the program ends by the deadline: it may close its outputs and stay."""
    try:
        process.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
