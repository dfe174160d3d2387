"""What a packed agent starts with: its bytecode, where this Python compiled it before.

Out of a `.pyz` Python compiles every module that it imports, anew in each process, and that takes
longer than all the rest of a start. So the host has it compiled once, when it has put it there.
This file is `__main__.py` of both archives.
"""

from __future__ import annotations

import sys
import zlib

CRC_DIGITS = 8


def compiled_name(packed: str) -> str:
    """Where the bytecode of a packed agent lies: beside it, for this Python alone."""
    return f"{packed}.{sys.implementation.cache_tag}.zip"


def is_whole(path: str) -> bool:
    """Whether it is there and as it was written: it ends with the CRC-32 of all before, in hex."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - before anything else is imported
            data = file.read()
    except OSError:
        return False
    return data[-CRC_DIGITS:] == crc(data[:-CRC_DIGITS])


def crc(data: bytes) -> bytes:
    """CRC-32 in hex, as it stands at the end of a compiled agent."""
    return b"%0*x" % (CRC_DIGITS, zlib.crc32(data))


if __name__ == "__main__":
    # Python puts the archive that it starts there (also with -I).
    compiled = compiled_name(sys.path[0])
    if is_whole(compiled):
        sys.path.insert(0, compiled)
    from agent.__main__ import main

    sys.exit(main())
