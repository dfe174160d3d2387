"""Writes a stream and says on stdout what was written: `ack N` lines so far, `end` at the close.

spool.py DIRECTORY LINES BATCH
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from agent.spool import Column, SpoolWriter

COLUMNS = (Column("t_ns", "ns"), Column("value", "uW"))


def say(text: str) -> None:
    os.write(1, text.encode() + b"\n")


def main() -> int:
    directory, lines, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    try:
        writer = SpoolWriter(directory / "source-x.tsv", "source-x", "test", COLUMNS)
        try:
            for start in range(0, lines, batch):
                rows = [(str(i), str(i * 7)) for i in range(start, min(start + batch, lines))]
                writer.extend(rows)
                say(f"ack {start + len(rows)}")
        finally:
            end = writer.close()
            say("end " + json.dumps(asdict(end)))
    except OSError as err:
        say(f"error {err.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
