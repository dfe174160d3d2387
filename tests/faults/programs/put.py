"""Puts a file into a store on this machine, under its hash.

put.py STORE FILE SHA256
"""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath

from host.deploy.layout import Store
from host.deploy.store import put
from host.errors import HostError
from host.transport.local import Local

CHUNK_BYTES = 1 << 20


def store_at(root: str | Path) -> Store:
    return Store(PurePosixPath(root), chunk_bytes=CHUNK_BYTES, reserve_bytes=0, wait_s=5.0)


def main() -> int:
    try:
        placed = put(Local(), store_at(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    except (HostError, OSError) as err:
        os.write(1, f"error {err}\n".encode())
        return 1
    os.write(1, f"placed {placed.how}\n".encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
