"""Says messages into `said.jsonl` and on stdout which of them were kept: `ack N`, `lost N`.

talk.py DIRECTORY MESSAGES
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from agent.said import NAME, Said


def main() -> int:
    directory, count = Path(sys.argv[1]), int(sys.argv[2])
    try:
        said = Said(directory / NAME)
        for number in range(count):
            lost = said.lost
            said.send("progress", {"number": number})
            os.write(1, f"{'ack' if said.lost == lost else 'lost'} {number}\n".encode())
        said.close()
    except OSError as err:
        os.write(1, f"error {err.strerror}\n".encode())
        return 1
    os.write(1, b"end\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
