"""The cable to a namespace carries, is cut and mended, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.namespace import IP, Namespace, namespace, why_not

ROOT = Path(__file__).parents[3]
KILLED = """
import os, signal
from tests.fakes.namespace import namespace
with namespace() as made:
    print(made.name, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
# A closed port of a host that is there refuses; one that is not there says nothing.
REFUSED = "import socket,sys; s=socket.socket(); s.settimeout(float(sys.argv[2]))\n"
REFUSED += "try: s.connect((sys.argv[1], 9))\nexcept ConnectionRefusedError: sys.exit(7)\n"
REFUSED += "except OSError: sys.exit(8)"


@pytest.fixture(autouse=True, scope="module")
def _can() -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)


@pytest.fixture
def made() -> Iterator[Namespace]:
    with namespace() as one:
        yield one


def answers(address: str, near: Namespace | None = None, wait_s: float = 10) -> bool:
    argv = [sys.executable, "-c", REFUSED, address, str(wait_s)]
    return subprocess.run(near.inside(argv) if near else argv, check=False).returncode == 7


def names() -> str:
    return subprocess.run(
        [str(IP), "netns", "list"], capture_output=True, text=True, check=True
    ).stdout


def test_a_cable_is_cut_and_mended(made: Namespace) -> None:
    assert answers(made.address)
    made.cut()
    assert not answers(made.address, wait_s=0.5)
    made.mend()
    assert answers(made.address)


def test_a_namespace_behind_another_one_is_reached_from_it(made: Namespace) -> None:
    with namespace(made) as behind:
        assert answers(behind.address, made)
        assert answers(made.address, behind)


def test_the_end_takes_every_process_and_the_namespace() -> None:
    with namespace() as made:
        argv = made.inside(["sh", "-c", "echo in; exec sleep 600"])
        child = subprocess.Popen(argv, stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"in\n"
    assert child.wait(30) == -signal.SIGKILL
    child.stdout.close()
    assert made.name not in names()


def test_what_a_killed_process_left_goes_at_the_next_start(made: Namespace) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    left = done.stdout.strip()
    assert left in names()
    with namespace():
        assert left not in names()
        assert made.name in names()
