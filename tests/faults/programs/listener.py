"""A host that can be killed: joins a session by the command it is given, says stdin, tells all.

listener.py ATTACH...     the words that join the session, without the first message's number
"""

from __future__ import annotations

import os
import sys

from collectors.clocks import device_clock
from host.run.kept import KeptStream, Way
from host.transport.local import Local


def main() -> None:
    argv = sys.argv[1:]
    way = Way(Local, lambda n: [*argv, str(n)], 60.0, lambda _: None)
    stream = KeptStream(way, device_clock(), device="kept")
    stream.send(sys.stdin.buffer.read())
    while raw := stream.receive_line(timeout_s=60):
        os.write(1, raw)


if __name__ == "__main__":
    main()
