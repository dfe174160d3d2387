"""Many lines at once, and a disk that takes only some of them."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from agent.spool import Column, SpoolWriter, read_spool

COLUMNS = (Column("n", "{count}"),)
FILL = """
import hashlib, sys
from pathlib import Path
from agent.spool import Column, SpoolWriter
path = Path(sys.argv[1])
writer = SpoolWriter(path, "s", "c", (Column("n", "{count}"),))
try:
    while True:
        writer.extend([(str(n),) for n in range(7)])
except OSError as err:
    end = writer.close()
    assert end.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    print(err.errno, end.lines, end.size_bytes)
"""


def test_a_batch_reads_back_like_single_lines(tmp_path: Path) -> None:
    one = SpoolWriter(tmp_path / "one", "s", "c", COLUMNS)
    many = SpoolWriter(tmp_path / "many", "s", "c", COLUMNS)
    for n in range(5):
        one.append((str(n),))
    many.append(("0",))
    many.extend([("1",), ("2",), ("3",)])
    many.extend([])
    many.append(("4",))
    assert one.close() == many.close()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "many").read_bytes()


@pytest.mark.parametrize("limit", [200, 211, 1000, 1013])
def test_a_full_disk_leaves_whole_lines_and_right_counts(tmp_path: Path, limit: int) -> None:
    path = tmp_path / "s"
    done = subprocess.run(
        [sys.executable, "-B", "-c", FILL, str(path)],  # bytecode would be cut too
        capture_output=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    _, lines, size_bytes = (int(word) for word in done.stdout.split())
    found = read_spool(path.read_bytes())
    assert found.faults == ()
    assert len(found.lines) == lines > 0
    assert path.stat().st_size == size_bytes <= limit
