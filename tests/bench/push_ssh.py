"""Prints how fast `push` over ssh is beside plain `scp`, on one link, in interleaved pairs.

    python tests/bench/push_ssh.py [MIB] [PAIRS]

The far end is a real sshd in a network namespace of its own (root, openssh-server, iproute2).
Both write the same file to the same place in memory; scp's own connecting is not in its time
where it rides on a master of its own, as push does. A ratio above 1: push is faster.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from host.transport.ssh import Ssh, SshOptions, connect
from tests.fakes.ends.sshd_end import Sshd, sshd

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system without a disk


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def say(line: str) -> None:
    """One line of result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def scp(far: Sshd, src: Path, dst: Path, *options: str) -> None:
    """Copy a file there with the plain program."""
    argv = [str(shutil.which("scp")), "-q", "-F", str(far.config()), *options, str(src)]
    subprocess.run([*argv, f"far:{dst}"], check=True)


@contextlib.contextmanager
def shared(far: Sshd, folder: Path) -> Iterator[tuple[str, ...]]:
    """Options of scp for a connection that stands."""
    socket = folder / "scp"
    argv = [str(shutil.which("ssh")), "-F", str(far.config()), "-S", str(socket)]
    subprocess.run([*argv, "-MNf", "far"], check=True, stderr=subprocess.DEVNULL)
    try:
        yield ("-o", f"ControlPath={socket}")
    finally:
        subprocess.run([*argv, "-q", "-O", "exit", "far"], check=False)


def pairs(far: Sshd, transport: Ssh, folder: Path, mib: int, count: int) -> None:
    """Print the ratio of scp's time to push's over a number of pairs, first one alternating."""
    src, dst = folder / "src", folder / "dst"
    src.write_bytes(os.urandom(1 << 20) * mib)
    ratios, rates = [], []
    with shared(far, folder) as options:
        scp(far, src, dst, *options)  # both connections are past TCP's slow start
        transport.push(src, PurePosixPath(dst))
        for number in range(count):
            works = {
                "scp": lambda: scp(far, src, dst, *options),
                "push": lambda: transport.push(src, PurePosixPath(dst)),
            }
            order = sorted(works, reverse=bool(number % 2))
            took = {name: seconds(works[name]) for name in order}
            ratios.append(took["scp"] / took["push"])
            rates.append(mib / took["push"])
    low, middle, high = statistics.quantiles(ratios, n=4)
    say(f"push / scp: median {middle:.3f}, quartiles {low:.3f} to {high:.3f}, range")
    say(f"  {min(ratios):.3f} to {max(ratios):.3f}; {count} pairs of {mib} MiB")
    say(f"  push at {statistics.median(rates):.0f} MiB/s (median)")


def main() -> None:
    """Print everything."""
    mib = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY) as name:
        folder, keys = Path(name), Path(name) / "keys"
        keys.mkdir(mode=0o700)
        with sshd(keys) as far:
            transport = connect("ssh:far", SshOptions(config=far.config()))
            with contextlib.closing(transport):
                pairs(far, transport, folder, mib, count)


if __name__ == "__main__":
    main()
