"""Commands over ssh: status, outputs, limits and ends, with a real sshd as the other end."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest

from host.errors import FarFileError, TransportError
from host.transport.base import MAX_OUTPUT_BYTES, Done, Transport, output
from host.transport.ssh import Ssh, SshOptions, connect
from tests.fakes.ends.sshd_end import BUSYBOX, Sshd, busybox_end, missing, sshd
from tests.flow.test_ssh_faults import GONE


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with sshd(tmp_path_factory.mktemp("far")) as made:
        yield made


@pytest.fixture
def transport(far: Sshd) -> Iterator[Ssh]:
    made = connect("ssh:far", SshOptions(config=far.config()))
    yield made
    made.close()


def call(transport: Transport, script: str, *argv: str) -> Done:
    return transport.call(["sh", "-c", script, "sh", *argv], timeout_s=60)


@pytest.mark.parametrize("status", [0, 1, 126, 127, 128, 200, 254, 255])
def test_every_status_of_a_command_is_its_own(transport: Ssh, status: int) -> None:
    assert call(transport, f"exit {status}").status == status


def test_a_command_that_a_signal_ended_has_128_and_its_number(transport: Ssh) -> None:
    assert call(transport, "kill -9 $$").status == 137
    assert call(transport, "kill -15 $$").status == 143


def test_a_far_shell_that_was_killed_is_no_status_of_the_command(transport: Ssh) -> None:
    with pytest.raises(TransportError, match="left no status"):
        call(transport, "kill -9 $PPID")
    assert call(transport, "exit 0").status == 0


def test_a_name_is_a_program_and_never_a_builtin(transport: Ssh) -> None:
    done = transport.call(["exit", "3"], timeout_s=30)
    assert done.status == 127
    assert transport.call(["echo", "-e", "a\\tb"], timeout_s=30).stdout == b"a\tb\n"


def test_what_the_login_shell_says_on_stderr_is_none_of_the_commands(far: Sshd) -> None:
    noisy = far.folder / "noisy"
    noisy.write_text(
        '#!/bin/sh\necho "bash: warning: setlocale" >&2\neval "$SSH_ORIGINAL_COMMAND"\n'
    )
    noisy.chmod(0o755)
    text = (far.folder / "user.pub").read_text()
    (far.folder / "authorized_keys").write_text(f'command="{noisy}" {text}')
    try:
        with contextlib.closing(connect("ssh:far", SshOptions(config=far.config()))) as transport:
            done = call(transport, "printf mine >&2")
    finally:
        shutil.copy(far.folder / "user.pub", far.folder / "authorized_keys")
    assert (done.status, done.stdout, done.stderr) == (0, b"", b"mine")


@pytest.mark.parametrize("where", ["", ">&2"])
def test_a_device_that_answers_with_gigabytes_is_cut_off(transport: Ssh, where: str) -> None:
    with pytest.raises(TransportError, match="said more than is taken"):
        call(transport, f"exec head -c 4000000001 /dev/zero {where}")
    assert call(transport, GONE, "400000000[1]").status == 0
    assert call(transport, "echo on").stdout == b"on\n"


def test_output_up_to_the_limit_is_taken(transport: Ssh) -> None:
    done = call(transport, f"head -c {MAX_OUTPUT_BYTES - 1000} /dev/zero")
    assert done.stdout == bytes(MAX_OUTPUT_BYTES - 1000)


# The far end counts what it got rid of, until that stands still.
ENDLESS = (
    'i=0; while [ $i -lt 300 ]; do head -c 1000000 /dev/zero; i=$((i+1)); echo $i >"$1"; done'
)
STANDS = 'l=; while c=$(cat "$1"); [ "$c" != "$l" ]; do l=$c; sleep 1; done; echo "$c"'


def test_a_stream_that_nobody_reads_stays_on_the_device(transport: Ssh, tmp_path: Path) -> None:
    count = str(tmp_path / "count")
    stream = transport.open(["sh", "-c", ENDLESS, "sh", count])
    call(transport, 'while [ ! -s "$1" ]; do sleep 0.1; done', count)
    assert int(call(transport, STANDS, count).stdout) < 100
    assert stream.close(timeout_s=0.1) is None
    assert call(transport, GONE, "/coun[t]").status == 0


def test_a_stream_that_is_ended_takes_its_children_along(transport: Ssh) -> None:
    stream = transport.open(["sh", "-c", "echo on; sleep 4001 & sleep 4001; echo off"])
    assert stream.receive_line(timeout_s=30) == b"on\n"
    assert stream.close(timeout_s=0.1) is None
    assert call(transport, GONE, "400[1]").status == 0


def test_a_command_that_leaves_a_process_behind_ends_all_the_same(transport: Ssh) -> None:
    done = call(transport, "sleep 4002 & echo $!")
    assert done.status == 0
    assert call(transport, 'kill "$1"', done.stdout.decode().strip()).status == 0


def test_many_calls_at_once_share_one_connection(far: Sshd) -> None:
    before = logins(far)
    with contextlib.closing(connect("ssh:far", SshOptions(config=far.config()))) as transport:

        def one(number: int) -> Done:
            return call(transport, 'cat; echo "$1" >&2', str(number))

        with ThreadPoolExecutor(24) as pool:
            found = list(pool.map(one, range(48)))
    assert [done.stderr for done in found] == [f"{n}\n".encode() for n in range(48)]
    assert logins(far) - before == 1


def test_eight_commands_run_at_the_same_time(transport: Ssh, tmp_path: Path) -> None:
    """Each waits for all eight to be there."""
    script = 'touch "$1/$2"; until [ "$(ls "$1" | wc -l)" -ge 8 ]; do sleep 0.1; done'
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: call(transport, script, str(tmp_path), str(n)), range(8)))
    assert [done.status for done in found] == [0] * 8


def logins(far: Sshd) -> int:
    return sum("Accepted publickey" in line for line in far.log)


def test_a_device_that_allows_one_session_says_so(tmp_path: Path) -> None:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with sshd(tmp_path) as strict:
        strict.stop()
        strict.start("MaxSessions 1")
        options = SshOptions(config=strict.config())
        transport = connect("ssh:far", options)
        with contextlib.closing(transport), pytest.raises(TransportError, match="MaxSessions"):
            call(transport, "exit 0")


def test_what_is_no_regular_file_is_not_pulled(transport: Ssh, tmp_path: Path) -> None:
    with pytest.raises(FarFileError, match="not a regular file"):
        transport.pull(PurePosixPath("/dev/zero"), tmp_path / "zero")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(FarFileError, match="not a regular file"):
        transport.pull(PurePosixPath(tmp_path / "fifo"), tmp_path / "copy")
    assert not (tmp_path / "zero").exists()


def test_a_full_disk_is_told_by_the_far_end(transport: Ssh, tmp_path: Path) -> None:
    src = tmp_path / "a"
    src.write_bytes(bytes(1 << 20))
    with pytest.raises(FarFileError, match="No space left"):
        transport.push(src, PurePosixPath("/dev/full"))


def test_a_source_that_is_missing_here_is_named(transport: Ssh, tmp_path: Path) -> None:
    with pytest.raises(FarFileError, match="no-such-source"):
        transport.push(tmp_path / "no-such-source", PurePosixPath(tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_a_command_with_a_zero_byte_is_refused(transport: Ssh) -> None:
    with pytest.raises(TransportError, match="cannot be sent"):
        transport.call(["echo", "a\0b"], timeout_s=30)
    assert call(transport, "echo on").stdout == b"on\n"


def test_the_busybox_end_runs_nothing_else(tmp_path: Path) -> None:
    with busybox_end(tmp_path) as end, contextlib.closing(end.connect()) as transport:
        for program in ("sh", "dd", "cat", "ls", "sleep"):
            there = output(transport, ["which", program], timeout_s=30).decode().strip()
            assert str(Path(there).readlink()) == BUSYBOX
