"""Seals the folder named on the command line; run under a tracer that makes system calls fail."""

from __future__ import annotations

import sys
from pathlib import Path

from host.run.folder import RunFolder
from host.run.seal import seal

if __name__ == "__main__":
    seal(RunFolder(Path(sys.argv[1])), made_by="test")
