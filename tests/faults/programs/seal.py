"""Seals a run folder, under a tracer that makes system calls fail.

seal.py RUN
"""

from __future__ import annotations

import sys
from pathlib import Path

from host.run.folder import RunFolder
from host.run.seal import seal


def main() -> int:
    seal(RunFolder(Path(sys.argv[1])), made_by="test")
    return 0


if __name__ == "__main__":
    sys.exit(main())
