"""Fails the n-th system call of a seal, for every n: never a sealed but invalid bag.

The method is SQLite's. A fault that the tracer no longer injects ends the loop for its kind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from host.align.bag import check_bag
from host.run.folder import RunFolder, create
from host.run.seal import seal
from tests.faults.traced import traced, why_not

MOST_CALLS = 200
FAULTS = {
    "no space": "write:error=ENOSPC",
    "short write that lies": "write:retval=7",
    "bad disk on write": "write:error=EIO",
    "bad disk on sync": "fsync:error=EIO",
    "bad disk on rename": "rename,renameat,renameat2:error=EIO",
    "rename that lies": "rename,renameat,renameat2:retval=0",
    "too many files": "openat:error=EMFILE",
    "bad disk on read": "read:error=EIO",
    "read that ends early": "read:retval=0",
    "bad disk on close": "close:error=EIO",
    "killed at a write": "write:signal=SIGKILL",
    "killed at a sync": "fsync:signal=SIGKILL",
    "killed at a rename": "rename,renameat,renameat2:signal=SIGKILL",
}


@pytest.fixture(scope="module")
def tracing_works() -> None:
    if why_not():
        pytest.skip(why_not())


def filled(parent: Path) -> RunFolder:
    folder = create(parent, "run")
    (folder.data / "plan.json").write_bytes(b'{"a":1}\n')
    folder.attempt(1).mkdir()
    (folder.attempt(1) / "events.tsv").write_bytes(b"# {}\n0\tx\n" * 10)
    return folder


def watched(folder: RunFolder) -> list[Path]:
    """Paths whose system calls may fail: everything that a seal touches, and nothing else."""
    tags = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")
    goals = [folder.path / f"{tag}{end}" for tag in tags for end in ("", ".part")]
    return [folder.path, *goals, *folder.path.rglob("*")]


def sealed_under(fault: str, n: int, folder: RunFolder) -> bool:
    """Seal with the n-th call failing; True when the tracer got to inject the fault."""
    trace = folder.path.parent / "trace"
    return traced(fault, n, ("seal", folder.path), trace, watched(folder)).fired


@pytest.mark.usefixtures("tracing_works")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_no_failing_call_leaves_a_wrong_seal(fault: str, tmp_path: Path) -> None:
    injected = 0
    for n in range(1, MOST_CALLS):
        folder = filled(tmp_path / str(n))
        hit = sealed_under(fault, n, folder)
        injected += hit
        if folder.sealed:
            assert check_bag(folder.path) == (), f"call {n}"
        else:
            assert hit, f"call {n}: not sealed although nothing was injected"
            seal(folder, made_by="test")
            assert check_bag(folder.path) == (), f"again after call {n}"
        if not hit:
            break
    assert injected >= 3
