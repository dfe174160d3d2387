"""What every transport does, over every far end of `tests/fakes/ends/table.py`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.errors import CommandFailedError, FarFileError, TransportError, UnreachableError
from host.transport.base import Stream, Transport, output
from tests.fakes.ends.base import FarEnd
from tests.fakes.ends.table import ENDS

ECHO = 'while read -r line; do echo "$line"; done'
PAST_4_GIB = (1 << 32) + 5


@pytest.fixture(scope="module", params=ENDS)
def end(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FarEnd]:
    with ENDS[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


@pytest.fixture
def transport(end: FarEnd) -> Iterator[Transport]:
    made = end.connect()
    yield made
    made.close()


def sh(transport: Transport, script: str, *argv: str, timeout_s: float = 30) -> bytes:
    return output(transport, ["sh", "-c", script, "sh", *argv], timeout_s=timeout_s)


def bulk(path: Path, size: int) -> Path:
    """A file of bytes that do not compress away."""
    path.write_bytes(hashlib.shake_128(b"bulk").digest(size))
    return path


def test_call_hands_arguments_on_whatever_stands_in_them(transport: Transport) -> None:
    odd = ["a b'c\"d$(echo e)`f`", "\n*;|&\\ 中文", "", "-n", "~", "tab\tend", "$HOME", "!x"]
    said = sh(transport, 'for a in "$@"; do printf "%s|" "$a"; done', *odd)
    assert said.decode() == "".join(f"{one}|" for one in odd)


def test_call_tells_stdout_stderr_and_status_apart(transport: Transport) -> None:
    argv = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    done = transport.call(argv, timeout_s=30)
    assert (done.status, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_output_of_a_command_that_fails_says_status_and_stderr(transport: Transport) -> None:
    with pytest.raises(CommandFailedError, match=r"ended with 1: it broke") as caught:
        sh(transport, "echo it broke >&2; exit 1")
    assert caught.value.status == 1


def test_call_of_no_program_has_the_status_of_a_shell(transport: Transport) -> None:
    done = transport.call(["no-such-program"], timeout_s=30)
    assert done.status == 127
    assert b"no-such-program" in done.stderr


def test_output_is_every_byte_that_was_said(transport: Transport) -> None:
    script = r"printf '\000\001\r\n\r\377\004\032\033[2J\n\n'; printf 'end\r'"
    assert sh(transport, script) == b"\x00\x01\r\n\r\xff\x04\x1a\x1b[2J\n\nend\r"


def test_input_is_every_byte_that_was_given(transport: Transport, end: FarEnd) -> None:
    given = bytes(range(256)) * (min(end.unit_bytes, 1 << 20) // 256)
    done = transport.call(["sha256sum"], timeout_s=60, stdin=given)
    assert done.stdout.split()[0].decode() == hashlib.sha256(given).hexdigest()


def test_a_command_past_its_deadline_is_unreachable_and_the_next_one_works(
    transport: Transport,
) -> None:
    with pytest.raises(UnreachableError):
        transport.call(["sleep", "600"], timeout_s=0.5)
    assert sh(transport, "echo on") == b"on\n"


def test_push_and_pull_keep_every_byte(transport: Transport, end: FarEnd, tmp_path: Path) -> None:
    src, back = bulk(tmp_path / "a", end.unit_bytes + 7), tmp_path / "c"
    there = end.root / "new" / "folders" / "it's b"
    moved: list[int] = []
    transport.push(src, there, moved=moved.append)
    assert sum(moved) == src.stat().st_size
    assert sh(transport, 'wc -c < "$1"', str(there)).strip() == str(src.stat().st_size).encode()
    assert transport.pull(there, back) == src.stat().st_size
    assert back.read_bytes() == src.read_bytes()


def test_push_ends_the_file_where_its_source_ends(
    transport: Transport, end: FarEnd, tmp_path: Path
) -> None:
    there, long, short = end.root / "ends", tmp_path / "long", tmp_path / "short"
    long.write_bytes(b"0123456789" * 100)
    short.write_bytes(b"abc")
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    for src in (long, short, empty):
        transport.push(src, there)
        assert sh(transport, 'cat "$1"', str(there)) == src.read_bytes()


def test_push_goes_on_at_an_offset(transport: Transport, end: FarEnd, tmp_path: Path) -> None:
    src, there = bulk(tmp_path / "a", end.unit_bytes // 4), end.root / "offset"
    half = tmp_path / "half"
    half.write_bytes(src.read_bytes()[: end.unit_bytes // 8 + 3] + b"garbage")
    transport.push(half, there)
    transport.push(src, there, offset=end.unit_bytes // 8 + 3)
    found = sh(transport, 'sha256sum < "$1"', str(there)).split()[0].decode()
    assert found == hashlib.sha256(src.read_bytes()).hexdigest()


def test_pull_goes_on_at_an_offset_and_stops_at_its_limit(
    transport: Transport, end: FarEnd, tmp_path: Path
) -> None:
    src, back = tmp_path / "a", tmp_path / "b"
    src.write_bytes(b"0123456789")
    transport.push(src, end.root / "part")
    assert transport.pull(end.root / "part", back, max_bytes=4) == 4
    assert back.read_bytes() == b"0123"
    assert transport.pull(end.root / "part", back, offset=4, max_bytes=3) == 3
    assert transport.pull(end.root / "part", back, offset=7) == 3
    assert back.read_bytes() == b"0123456789"
    assert transport.pull(end.root / "part", back, offset=10) == 0


def test_sizes_beyond_4_gib_are_right(transport: Transport, end: FarEnd, tmp_path: Path) -> None:
    src, back, there = tmp_path / "a", tmp_path / "b", end.root / "large"
    with src.open("wb") as file:
        file.truncate(PAST_4_GIB)
        file.seek(PAST_4_GIB)
        file.write(b"the end")
    transport.push(src, there, offset=PAST_4_GIB)
    size = PAST_4_GIB + 7
    assert sh(transport, 'stat -c %s "$1"', str(there)).strip() == str(size).encode()
    assert transport.pull(there, back, offset=PAST_4_GIB) == 7
    assert back.stat().st_size == size
    with back.open("rb") as file:
        file.seek(PAST_4_GIB)
        assert file.read() == b"the end"
    sh(transport, 'rm "$1"', str(there))


def test_pull_of_a_missing_file_leaves_nothing(
    transport: Transport, end: FarEnd, tmp_path: Path
) -> None:
    with pytest.raises(FarFileError, match="nothing"):
        transport.pull(end.root / "nothing", tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


def test_pull_follows_no_link_at_its_goal(
    transport: Transport, end: FarEnd, tmp_path: Path
) -> None:
    src, victim, link = tmp_path / "a", tmp_path / "victim", tmp_path / "link"
    src.write_bytes(b"from the device")
    victim.write_bytes(b"precious")
    link.symlink_to(victim)
    transport.push(src, end.root / "linked")
    with pytest.raises(TransportError):
        transport.pull(end.root / "linked", link)
    assert victim.read_bytes() == b"precious"


def test_push_where_nothing_can_be_written_says_the_path(
    transport: Transport, end: FarEnd, tmp_path: Path
) -> None:
    src = tmp_path / "a"
    src.write_bytes(b"x")
    sh(transport, 'echo > "$1"', str(end.root / "file"))
    with pytest.raises(FarFileError, match="file/below"):
        transport.push(src, end.root / "file" / "below")


def test_stream_carries_lines_both_ways_and_ends(transport: Transport) -> None:
    stream = transport.open(["sh", "-c", ECHO])
    stream.send(b"one\ntwo two\n")
    assert stream.receive_line(timeout_s=30) == b"one\n"
    assert stream.receive_line(timeout_s=30) == b"two two\n"
    assert stream.close(timeout_s=30) == 0
    assert stream.receive_line(timeout_s=30) == b""
    assert stream.receive_line(timeout_s=30) == b""
    stream.close(timeout_s=30)


def test_stream_gives_the_status_of_its_far_end(transport: Transport) -> None:
    stream = transport.open(["sh", "-c", "read -r line; exit 7"])
    stream.send(b"go\n")
    assert stream.receive_line(timeout_s=30) == b""
    assert stream.close(timeout_s=30) == 7


def test_a_silent_far_end_meets_the_deadline_and_loses_nothing(transport: Transport) -> None:
    stream = transport.open(["sh", "-c", ECHO])
    with pytest.raises(TimeoutError):
        stream.receive_line(timeout_s=0.01)
    stream.send(b"late\n")
    assert stream.receive_line(timeout_s=30) == b"late\n"
    stream.close(timeout_s=30)


def test_a_far_end_that_does_not_end_is_ended(transport: Transport) -> None:
    stream = transport.open(["sh", "-c", "echo $$; exec sleep 600"])
    pid = stream.receive_line(timeout_s=30).strip().decode()
    assert stream.close(timeout_s=0.2) is None
    wait = "i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1"
    gone = f'i=0; while kill -0 "$1" 2>/dev/null; do {wait}; done'
    sh(transport, gone, pid)


def send_much(stream: Stream, lines: int) -> None:
    for _ in range(1000):  # more than any buffer on the way holds
        stream.send(b"x\n" * lines)


def test_sending_to_a_far_end_that_is_gone_is_an_error(transport: Transport, end: FarEnd) -> None:
    stream = transport.open(["sh", "-c", "exit 0"])
    assert stream.receive_line(timeout_s=30) == b""
    with pytest.raises(TransportError):
        send_much(stream, end.unit_bytes // 64)
    stream.close(timeout_s=30)


def test_two_transports_to_one_device_do_not_disturb_each_other(end: FarEnd) -> None:
    one = end.connect()
    if end.one_connection:
        with pytest.raises(TransportError, match="in use"):
            end.connect()
        assert sh(one, "echo still") == b"still\n"
        one.close()
        return
    other = end.connect()
    stream = one.open(["sh", "-c", ECHO])
    assert sh(other, "echo other") == b"other\n"
    other.close()
    other.close()
    stream.send(b"still\n")
    assert stream.receive_line(timeout_s=30) == b"still\n"
    stream.close(timeout_s=30)
    one.close()


def test_a_link_that_is_cut_is_unreachable_within_the_deadline_and_comes_back(
    end: FarEnd,
) -> None:
    if end.cut is None or end.mend is None:
        return  # the machine itself has no link to cut
    transport = end.connect()
    assert sh(transport, "echo on") == b"on\n"
    end.cut()
    try:
        with pytest.raises(UnreachableError):
            transport.call(["echo", "on"], timeout_s=3)
    finally:
        end.mend()
        transport.close()
    again = end.connect()
    assert sh(again, "echo again") == b"again\n"
    again.close()
