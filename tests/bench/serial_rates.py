"""How fast files and calls go over a serial console: a pty, and the same at 115200 bit/s.

python -m tests.bench.serial_rates
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from host.transport.serial_console import connect
from tests.fakes.ends.bad_line import BadLine, bad_line
from tests.fakes.ends.console_end import Console, console

CALLS = 10
SIZES: tuple[tuple[str, float | None, int], ...] = (
    ("pty", None, 256 << 10),
    ("115200 bit/s", 11520.0, 48 << 10),
)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, console(Path(name), noise_s=1) as unit:
        for title, rate, size in SIZES:
            port = unit.place / title.split()[0]
            with bad_line(BadLine(port, unit.port, rate=rate)):
                sys.stdout.write(f"{title}: {rates(unit, port, size)}\n")


def rates(unit: Console, port: Path, size: int) -> str:
    """size: bytes that go each way."""
    src, there = unit.place / "src", PurePosixPath(unit.root) / "file"
    src.write_bytes(hashlib.shake_128(b"bulk").digest(size))
    began = time.perf_counter()
    transport = connect(f"serial:{port}", unit.options())
    login_s = time.perf_counter() - began
    push_s = _timed(lambda: transport.push(src, there))
    pull_s = _timed(lambda: transport.pull(there, unit.place / "back"))
    call_s = _timed(lambda: [transport.call(["true"], timeout_s=30) for _ in range(CALLS)]) / CALLS
    transport.close()
    return (
        f"login {login_s:.2f} s, push {size / push_s / 1000:.1f} kB/s,"
        f" pull {size / pull_s / 1000:.1f} kB/s, call {call_s * 1000:.0f} ms,"
        f" {transport.repeats} repeats"
    )


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
