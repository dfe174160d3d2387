"""What a link and a device can do to a transport over ssh, with a real sshd on a real cable."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from host.errors import UnreachableError
from host.transport.base import Stream, Transport, output
from host.transport.ssh import Ssh, SshOptions, connect
from tests.fakes.ends.sshd_end import Sshd, missing, sshd

ROOT = Path(__file__).parents[2]
PATIENT = SshOptions()
QUICK = SshOptions(stall_s=3.0)
KILLED = """
import os, signal, sys
from pathlib import Path
from host.transport.ssh import SshOptions, connect
transport = connect("ssh:far", SshOptions(config=Path(sys.argv[1])))
stream = transport.open(["sh", "-c", "echo on; cat"])
stream.receive_line(timeout_s=30)
os.kill(os.getpid(), signal.SIGKILL)
"""
# Until no process is left whose command line has the pattern $1, at most 20 s. Put a letter of
# the pattern into brackets, or it finds those who carry it.
GONE = """
i=0
while [ $i -lt 200 ]; do
    left=
    for p in /proc/[0-9]*; do
        [ "$p" = /proc/$$ ] || ! grep -qs -- "$1" "$p/cmdline" || left="$left $p"
    done
    [ -n "$left" ] || exit 0
    i=$((i+1)); sleep 0.1
done
echo "left: $left" >&2; exit 1
"""

# What is said of a cut link: by whom, and how much of ssh's log had come, is drawn anew each time.
CUT = r"nothing has moved|not responding|connection broke"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    reason = missing()
    if reason:
        pytest.skip(reason)
    with sshd(tmp_path_factory.mktemp("far")) as made:
        yield made


@pytest.fixture
def transport(far: Sshd) -> Iterator[Ssh]:
    made = to(far, QUICK)
    yield made
    far.place.mend()
    made.close()


def to(far: Sshd, options: SshOptions = PATIENT) -> Ssh:
    config = far.config()
    return connect("ssh:far", SshOptions(config=config, stall_s=options.stall_s))


def sh(transport: Transport, script: str, *argv: str) -> bytes:
    return output(transport, ["sh", "-c", script, "sh", *argv], timeout_s=60)


def bulk(path: Path, size: int) -> Path:
    path.write_bytes(hashlib.shake_128(b"bulk").digest(size))
    return path


def once(at_bytes: int, what: Callable[[], None]) -> Callable[[int], None]:
    """Does something as soon as a transfer has moved so much."""
    total, done = 0, False

    def moved(count: int) -> None:
        nonlocal total, done
        total += count
        if total >= at_bytes and not done:
            done = True
            what()

    return moved


def test_a_push_over_a_link_that_is_cut_is_given_up_and_goes_on_where_it_was(
    far: Sshd, transport: Ssh, tmp_path: Path
) -> None:
    src, there = bulk(tmp_path / "a", 48 << 20), PurePosixPath(tmp_path / "far" / "cut-push")
    with pytest.raises(UnreachableError, match=CUT):
        transport.push(src, there, moved=once(8 << 20, far.place.cut))
    far.place.mend()
    came = int(sh(transport, 'stat -c %s "$1"', str(there)))
    assert 0 < came < src.stat().st_size
    transport.push(src, there, offset=came)
    sh(transport, GONE, "cut-pus[h]")  # the writer of the dead link, too
    found = sh(transport, 'sha256sum < "$1"', str(there)).split()[0].decode()
    assert found == hashlib.sha256(src.read_bytes()).hexdigest()


def test_a_pull_over_a_link_that_is_cut_is_given_up_and_goes_on_where_it_was(
    far: Sshd, transport: Ssh, tmp_path: Path
) -> None:
    there, back = bulk(tmp_path / "a", 48 << 20), tmp_path / "b"
    with pytest.raises(UnreachableError, match=CUT):
        transport.pull(PurePosixPath(there), back, moved=once(8 << 20, far.place.cut))
    far.place.mend()
    came = back.stat().st_size
    assert (8 << 20) <= came < there.stat().st_size
    assert transport.pull(PurePosixPath(there), back, offset=came) == (48 << 20) - came
    assert back.read_bytes() == there.read_bytes()


def test_a_cable_that_is_out_for_a_second_costs_a_push_nothing(far: Sshd, tmp_path: Path) -> None:
    src, there = bulk(tmp_path / "a", 32 << 20), tmp_path / "far"

    def out() -> None:
        far.place.cut()
        threading.Timer(1.0, far.place.mend).start()

    with contextlib.closing(to(far)) as transport:
        transport.push(src, PurePosixPath(there), moved=once(8 << 20, out))
    assert there.read_bytes() == src.read_bytes()


def test_a_slow_link_is_not_given_up_while_bytes_arrive(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    with sshd(tmp_path / "keys") as slow, contextlib.closing(to(slow, QUICK)) as transport:
        src, there = bulk(tmp_path / "a", 2 << 20), tmp_path / "far"
        slow.place.slow(kbit_s=2000)  # what the buffers on the way hold takes it longer than 3 s
        transport.push(src, PurePosixPath(there))
        assert there.read_bytes() == src.read_bytes()
        back = tmp_path / "back"
        assert transport.pull(PurePosixPath(there), back, max_bytes=1 << 19) == 1 << 19


def test_a_silent_link_meets_every_deadline(far: Sshd, transport: Ssh, tmp_path: Path) -> None:
    stream = transport.open(["cat"])
    far.place.cut()
    with pytest.raises(UnreachableError):
        transport.call(["true"], timeout_s=0.5)
    with pytest.raises(TimeoutError):
        stream.receive_line(timeout_s=0.5)
    assert stream.close(timeout_s=0.5) is None
    with pytest.raises(UnreachableError):
        transport.pull(PurePosixPath(tmp_path / "a"), tmp_path / "b")
    with pytest.raises(UnreachableError):
        transport.open(["cat"]).receive_line(timeout_s=60)


def send_much(stream: Stream) -> None:
    for _ in range(1000):  # more than any buffer on the way holds
        stream.send(bytes(1 << 20))


def test_sending_into_a_dead_link_ends(far: Sshd, transport: Ssh) -> None:
    stream = transport.open(["cat"])
    far.place.cut()
    with pytest.raises(UnreachableError, match="no longer listens"):
        send_much(stream)
    stream.close(timeout_s=1)


def daemon(transport: Transport) -> int:
    """The sshd that serves us: the parent of the far shell, which is our shell's own."""
    return int(sh(transport, "cut -d' ' -f4 /proc/$PPID/stat"))


def test_a_new_connection_ends_the_daemon_of_the_one_before(transport: Ssh) -> None:
    frozen = daemon(transport)
    os.kill(frozen, signal.SIGSTOP)  # bytes for it are late, and come when it goes on
    with pytest.raises(UnreachableError, match="not responding"):
        transport.call(["true"], timeout_s=60)
    assert daemon(transport) != frozen
    sh(transport, 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done', str(frozen))


def test_a_connection_that_broke_is_made_anew_by_the_next_call(far: Sshd, transport: Ssh) -> None:
    os.kill(daemon(transport), signal.SIGKILL)
    with contextlib.suppress(UnreachableError):  # where it was quicker than the news
        transport.call(["true"], timeout_s=30)
    assert sh(transport, "echo again") == b"again\n"


def test_a_host_that_is_killed_leaves_no_process_on_either_side(far: Sshd) -> None:
    config = far.config()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", KILLED, str(config)]
    done = subprocess.run(argv, env=environment, cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    with contextlib.closing(to(far)) as transport:
        sh(transport, GONE, "echo on; ca[t]")
