"""Lines over descriptors: whole lines only, over-long ones refused, a far end that goes away."""

from __future__ import annotations

import os
import queue
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipes import Sender, listen, read_lines
from agent.wire import MAX_MESSAGE_BYTES, WireError, decode, encode


def through_a_pipe(chunks: Sequence[bytes]) -> list[bytes]:
    """What is read of these writes; a feeder thread is not needed below the pipe's size."""
    read_end, write_end = os.pipe()
    for chunk in chunks:
        os.write(write_end, chunk)
    os.close(write_end)
    try:
        return list(read_lines(read_end))
    finally:
        os.close(read_end)


@given(st.lists(st.binary(max_size=40), max_size=20), st.data())
def test_lines_come_out_whole_however_they_were_cut(
    lines: list[bytes], data: st.DataObject
) -> None:
    whole = [line.replace(b"\n", b" ") + b"\n" for line in lines]
    stream = b"".join(whole)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert through_a_pipe([part for part in parts if part]) == whole


def test_a_torn_last_line_is_left_out() -> None:
    assert through_a_pipe([b"a\nb"]) == [b"a\n"]


def test_an_over_long_line_is_refused_and_the_next_one_is_served(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("long") / "lines"
    path.write_bytes(b"x" * (2 * MAX_MESSAGE_BYTES) + b"\n" + encode("bye"))
    fd = os.open(path, os.O_RDONLY)
    try:
        long, bye = read_lines(fd)
    finally:
        os.close(fd)
    with pytest.raises(WireError, match="bytes"):
        decode(long)
    assert decode(bye) == {"type": "bye"}


def test_sending_to_a_far_end_that_is_gone_breaks_the_sender_and_raises_nothing() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    sender = Sender(write_end)
    sender.send("progress", {"phase": "load"})
    assert sender.broken
    sender.close()
    sender.close()


def test_a_listener_gives_every_line_and_then_the_end() -> None:
    read_end, write_end = os.pipe()
    heard: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    listen(read_end, heard.put, lambda: heard.put(None))
    sender = Sender(write_end)
    sender.send("go")
    sender.close()
    assert heard.get(timeout=10) == b'{"type":"go"}\n'
    assert heard.get(timeout=10) is None
    os.close(read_end)
