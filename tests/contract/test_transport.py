"""What every transport does. A new one is added to TRANSPORTS."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

import pytest

from host.errors import TransportError
from host.transport.base import Transport
from host.transport.local import Local

TRANSPORTS = {"local": Local}
ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)"


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> Transport:
    made: Transport = TRANSPORTS[request.param]()
    return made


def test_run_gives_the_output_whatever_stands_in_the_arguments(transport: Transport) -> None:
    odd = "a b'c\"d$(e)`f`\n*;|&\\ 中文"
    program = "import sys; sys.stdout.buffer.write(sys.argv[1].encode())"
    assert transport.run([sys.executable, "-c", program, odd], timeout_s=30) == odd.encode()


def test_run_that_fails_says_status_and_stderr(transport: Transport) -> None:
    program = "import sys; sys.exit('it broke')"
    with pytest.raises(TransportError, match=r"ended with 1: it broke"):
        transport.run([sys.executable, "-c", program], timeout_s=30)


def test_run_of_nothing_is_an_error_of_the_way(transport: Transport) -> None:
    with pytest.raises(TransportError, match="no-such-program"):
        transport.run(["no-such-program"], timeout_s=30)


def test_push_and_pull_keep_every_byte(transport: Transport, tmp_path: Path) -> None:
    src, there, back = tmp_path / "a", tmp_path / "far" / "b", tmp_path / "c"
    src.write_bytes(bytes(range(256)) * 5000)
    transport.push(src, PurePosixPath(there), timeout_s=30)
    transport.pull(PurePosixPath(there), back, timeout_s=30)
    assert back.read_bytes() == src.read_bytes()


def test_pull_of_a_missing_file_leaves_nothing(transport: Transport, tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="nothing"):
        transport.pull(PurePosixPath(tmp_path / "nothing"), tmp_path / "c", timeout_s=30)
    assert list(tmp_path.iterdir()) == []


def test_stream_carries_lines_both_ways_and_ends(transport: Transport) -> None:
    stream = transport.open([sys.executable, "-c", ECHO])
    stream.send(b"one\ntwo\n")
    assert stream.receive_line(timeout_s=30) == b"one\n"
    assert stream.receive_line(timeout_s=30) == b"two\n"
    assert stream.close(timeout_s=30) == 0
    assert stream.receive_line(timeout_s=30) == b""
    assert stream.receive_line(timeout_s=30) == b""


def test_a_silent_far_end_meets_the_deadline(transport: Transport) -> None:
    stream = transport.open([sys.executable, "-c", ECHO])
    with pytest.raises(TimeoutError):
        stream.receive_line(timeout_s=0.01)
    stream.close(timeout_s=30)


def test_a_far_end_that_does_not_end_is_ended(transport: Transport) -> None:
    program = "import sys, threading\nprint('up', flush=True)\nthreading.Event().wait()"
    stream = transport.open([sys.executable, "-c", program])
    assert stream.receive_line(timeout_s=30) == b"up\n"
    assert stream.close(timeout_s=0.01) is None


def test_sending_to_a_far_end_that_is_gone_is_an_error(transport: Transport) -> None:
    stream = transport.open([sys.executable, "-c", "pass"])
    assert stream.receive_line(timeout_s=30) == b""
    with pytest.raises(TransportError, match="no longer listens"):
        stream.send(b"x" * 10_000_000)  # more than any pipe holds
    stream.close(timeout_s=30)
