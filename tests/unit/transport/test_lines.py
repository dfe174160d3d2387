from __future__ import annotations

import threading

import pytest

from host.transport.base import MAX_LINE_BYTES, MAX_OUTPUT_BYTES
from host.transport.lines import Lines


def lines_of(*chunks: bytes) -> Lines:
    given = iter(chunks)
    return Lines(lambda: next(given, b""))


def test_chunks_are_cut_into_lines_and_a_torn_one_comes_last() -> None:
    found = lines_of(b"one\ntw", b"o\n\nthr", b"ee")
    said = [found.next(timeout_s=30) for _ in range(6)]
    assert said == [b"one\n", b"two\n", b"\n", b"three", b"", b""]


def test_a_line_that_is_too_long_comes_in_pieces() -> None:
    found = lines_of(b"x" * (MAX_LINE_BYTES + 3), b"\n")
    assert len(found.next(timeout_s=30)) == MAX_LINE_BYTES
    assert found.next(timeout_s=30) == b"xxx\n"


def test_a_flood_that_nobody_takes_is_not_read_on() -> None:
    reads, enough = [0], threading.Event()

    def read() -> bytes:
        reads[0] += 1
        if reads[0] > MAX_OUTPUT_BYTES >> 20:
            enough.set()
        return b"y" * ((1 << 20) - 1) + b"\n"

    found = Lines(read)
    assert enough.wait(60)
    found.next(timeout_s=30)
    assert reads[0] <= (MAX_OUTPUT_BYTES >> 20) + 2


def test_no_line_meets_the_deadline() -> None:
    gate = threading.Event()

    def read() -> bytes:
        gate.wait(60)
        return b""

    found = Lines(read)
    with pytest.raises(TimeoutError, match="no line within"):
        found.next(timeout_s=0.01)
    gate.set()
    assert found.next(timeout_s=30) == b""
    found.join(timeout_s=30)
