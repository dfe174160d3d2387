"""What a POSIX shell on a device is told: commands quoted, files read and written from an offset.

Only programs that Android's toybox, BusyBox and coreutils all have are named here.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from host.errors import TransportError

# Files are read in whole blocks of this size, so that `dd` can seek: toybox 0.8.9 walks through
# all that lies before the offset of `tail -c +N` (13 s for 4 GiB, measured on a PC).
BLOCK_BYTES = 1 << 16
# toybox's cat moves 4 KiB at a time, its dd as much as has come up to this (seen on a PC, under
# load: 83 MiB/s by cat, 132 MiB/s by dd).
WRITE_BYTES = 1 << 20


def command(device: str, argv: Sequence[str]) -> str:
    """The words as one line for a shell, which becomes the program: a signal meets it alone."""
    if any("\0" in word for word in argv):
        raise TransportError(device, "an argument holds a NUL byte")
    return "exec " + shlex.join(argv)


def told_with_pid(line: str) -> str:
    """The line, its process id said first, as a line of its own on stderr."""
    return f"echo $$ >&2; {line}"


def with_input(line: str) -> str:
    """The line, with whatever input it leaves read to its end.

    adbd forgets what a command said when it ends with input unread: both go over one socket pair,
    whose failing write it takes for the end of both (AOSP, shell_service.cpp, PassInput).
    """
    return f"({line}); s=$?; cat > /dev/null; exit $s"


def write_from(dst: PurePosixPath, offset: int) -> str:
    """A line that cuts dst to offset bytes and appends its stdin."""
    goal = shlex.quote(str(dst))
    # ./ never starts with a dash, as a name may.
    folder = shlex.quote(str(dst.parent))
    cut = f"mkdir -p -- {folder} && : >> {goal} && truncate -s {offset} {goal}"
    return f"{cut} && exec dd bs={WRITE_BYTES} >> {goal}"


def read_from(src: PurePosixPath, offset: int, max_bytes: int | None) -> tuple[str, int]:
    """A line that says src from offset on, and how many bytes of its output come too early."""
    blocks, early = divmod(offset, BLOCK_BYTES)
    count = ""
    if max_bytes is not None:
        count = f" count={-(-(early + max_bytes) // BLOCK_BYTES)}"
    name = shlex.quote(str(src))
    # What dd counts goes nowhere; that src cannot be opened is said by the shell.
    return f"exec < {name} && exec dd bs={BLOCK_BYTES} skip={blocks}{count} 2>/dev/null", early
