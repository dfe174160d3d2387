"""The lines of sh that run on a device, in every POSIX shell that this machine has."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from host.transport.openssh.files import BLOCK_BYTES, PULL, PUSH
from host.transport.openssh.link import ANCHOR
from host.transport.openssh.session import KILL, WRAP, Marks

DATA = hashlib.shake_128(b"data").digest(3 * BLOCK_BYTES + 17)
KNOWN = (("dash",), ("bash", "--posix"), ("bash",), ("mksh",), ("busybox", "sh"))
SHELLS = [("sh",), *(shell for shell in KNOWN if shutil.which(shell[0]))]
each_shell = pytest.mark.parametrize("shell", SHELLS, ids=" ".join)


def run(
    shell: tuple[str, ...], script: str, *argv: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*shell, "-c", script, *argv], input=stdin, capture_output=True, check=False, timeout=60
    )


@each_shell
@pytest.mark.parametrize("every_s", ["0", "1"])
def test_a_file_is_written_from_an_offset_on_and_cut_there(
    shell: tuple[str, ...], every_s: str, tmp_path: Path
) -> None:
    there = tmp_path / "new one" / "it's $HOME"
    for offset in (0, BLOCK_BYTES + 3):
        argv = ["sh", str(there), str(there.parent), str(offset), every_s]
        done = run(shell, PUSH, *argv, stdin=DATA[offset:])
        assert (done.returncode, there.read_bytes() == DATA) == (0, True), done.stderr
        there.write_bytes(DATA[: BLOCK_BYTES + 3] + bytes(5 * BLOCK_BYTES))


@each_shell
def test_blocks_of_a_file_are_read(shell: tuple[str, ...], tmp_path: Path) -> None:
    there = tmp_path / "a"
    there.write_bytes(DATA)
    assert run(shell, PULL, "sh", str(there), "0", "").stdout == DATA
    assert run(shell, PULL, "sh", str(there), "1", "1").stdout == DATA[BLOCK_BYTES:][:BLOCK_BYTES]
    assert run(shell, PULL, "sh", str(tmp_path), "0", "").returncode == 1


@each_shell
def test_a_status_and_a_process_are_told(shell: tuple[str, ...]) -> None:
    done = run(shell, WRAP, "m4rk", "sh", "-c", "echo said >&2; exit 255")
    marks = Marks("m4rk", None)
    marks.feed(done.stderr)
    assert (marks.status, done.returncode, bytes(marks.text)) == (255, 255, b"said\n")
    assert run(shell, WRAP, "m4rk", "no-such-program").returncode == 127


@each_shell
def test_a_process_group_is_killed(shell: tuple[str, ...]) -> None:
    argv = [*shell, "-c", WRAP, "m4rk", "sleep", "600"]
    child = subprocess.Popen(argv, stderr=subprocess.PIPE, start_new_session=True)
    assert child.stderr is not None
    with child.stderr:
        pid = child.stderr.readline().decode().strip().rpartition(":")[2]
        assert run(shell, KILL, "sh", pid).returncode == 0
        assert child.wait(30) == -signal.SIGKILL


@each_shell
def test_the_anchor_ends_the_daemon_of_the_connection_before_and_no_other(
    shell: tuple[str, ...],
) -> None:
    child = subprocess.Popen([str(shutil.which("sleep")), "600"])
    born = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    other = str(int(born) + 1)
    done = run(shell, ANCHOR, "sh", "m4rk", str(child.pid), other)
    assert done.stdout.split()[0] == b"m4rk"
    assert child.poll() is None
    run(shell, ANCHOR, "sh", "m4rk", str(child.pid), born)
    assert child.wait(30) == -signal.SIGKILL
