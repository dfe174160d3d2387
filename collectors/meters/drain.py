"""Takes bytes off a line as they come, stamps them, and hands them on by a pipe: a small program.

    python drain.py LINE_FD PIPE_FD CLOCK_ID

A process of its own, with nothing else to do, so that a busy or stopped host costs no sample: the
pipe holds what was taken. Each piece is a head (stamp in ns as i64, length as u32, little endian)
and the bytes. It ends when the line hangs up, and when whoever started it closes its standard
input or ends. Standard library only, run by its path: it starts in some ms.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from typing import Final

HEAD: Final = struct.Struct("<qI")
MOST_BYTES: Final = 65536
# Between two looks: a serial line holds 4096 bytes (Linux, n_tty.c, N_TTY_BUF_SIZE), which are
# 10 ms of a PPK2, and a wake for each packet of 64 bytes would cost more than it tells.
REST_S: Final = 0.002
PIPE_BYTES: Final = 1 << 20  # 2.6 s of a PPK2; what a user may have (pipe(7), pipe-max-size)
_MORE_NICE: Final = -10  # of root only: draining is little work that must not wait
SET_PIPE_SIZE: Final = 1031  # fcntl(2), F_SETPIPE_SZ of Linux


def drain(line: int, pipe: int, clock_id: int) -> None:
    """Until the line, the pipe or standard input ends."""
    while True:
        if sys.stdin.fileno() in select.select([line, sys.stdin.fileno()], [], [])[0]:
            return
        try:
            data = os.read(line, MOST_BYTES)
        except BlockingIOError:
            continue
        stamp_ns = time.clock_gettime_ns(clock_id)
        if not data:
            return
        piece = HEAD.pack(stamp_ns, len(data)) + data
        while piece:
            piece = piece[os.write(pipe, piece) :]
        time.sleep(REST_S)


def main() -> None:
    """As the module says; a line or pipe that is gone is an end as any other."""
    line, pipe, clock_id = map(int, sys.argv[1:])
    with contextlib.suppress(OSError):
        os.nice(_MORE_NICE)
    with contextlib.suppress(OSError):
        drain(line, pipe, clock_id)


if __name__ == "__main__":
    main()
