"""Hosts in processes of their own, and the watchdog of a device as a process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.state.ledger import Ledger
from host.state.left_over import restore_left_over
from host.state.restore import Outcome
from tests.fakes.shells import Far, until

HOLDER = Path(__file__).parent / "lease_holder.py"


class Host:
    """A host in a process of its own."""

    def __init__(self, device: Far, ledgers: Path, *more: int) -> None:
        argv = [sys.executable, str(HOLDER), str(device.place), str(ledgers), *map(str, more)]
        root = str(HOLDER.parents[2])
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env={**os.environ, "PYTHONPATH": root},
        )

    def ask(self, line: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()


@contextmanager
def host(device: Far, ledgers: Path, *fatal: int, silence_s: int) -> Iterator[Host]:
    made = Host(device, ledgers, silence_s, *fatal)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        for pipe in (made.process.stdin, made.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what it was told and never read
                    pipe.close()


@contextmanager
def holding(device: Far, ledgers: Path, *, silence_s: int) -> Iterator[Host]:
    """A host that has set the brightness from 102 to 200."""
    with host(device, ledgers, silence_s=silence_s) as made:
        assert made.answer() == "ready"
        assert made.ask("take brightness 200") == "held 1"
        yield made


def watchdog(device: Far) -> int:
    """Process id of the device's watchdog."""
    return int((device.leases / "watching" / "pid").read_text().split()[0])


def kill_watchdog(device: Far) -> None:
    """As a system that runs out of memory does."""
    pid = watchdog(device)
    os.kill(pid, signal.SIGKILL)
    until("the watchdog is gone", lambda: not Path(f"/proc/{pid}/exe").exists())


def left_over(device: Far, ledgers: Path) -> tuple[Outcome, ...]:
    """What the next start of a host finds and puts back."""
    with Ledger(ledgers, device.transport.device) as ledger:
        found = restore_left_over(device.transport, device.description, ledger)
        assert ledger.held == ()
    assert not device.leases.exists()
    return found


def end_watchdog(device: Far) -> None:
    """What a test leaves running ends with it."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.kill(watchdog(device), signal.SIGKILL)
