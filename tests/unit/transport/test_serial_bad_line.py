"""A serial console over a line that is noisy, silent or gone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

import pytest

from host.errors import UnreachableError
from host.transport.base import output
from host.transport.serial_console import SerialConsole, connect
from tests.fakes.ends.bad_line import (
    BadLine,
    Spoil,
    bad_line,
    binary,
    clean,
    flipped,
    kernel,
    torn,
)
from tests.fakes.ends.console_end import Console, console

GONE = 'i=0; while kill -0 "$1"; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done'
ECHO = 'while read -r line; do echo "$line"; done'
ALL_BYTES = bytes(range(256))
COUNT = 'echo x >>"$1"; wc -l <"$1"'


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console(tmp_path_factory.mktemp("unit")) as made:
        yield made


@pytest.fixture
def transport(unit: Console) -> Iterator[SerialConsole]:
    made = unit.connect()
    yield made
    made.close()


def over(unit: Console, place: Path, up: Spoil = clean, down: Spoil = clean) -> BadLine:
    return BadLine(place / "bad", unit.port, up=up, down=down)


def bulk(path: Path, size: int) -> Path:
    path.write_bytes(hashlib.shake_128(b"bulk").digest(size))
    return path


def sha256(transport: SerialConsole, path: PurePosixPath) -> str:
    return output(transport, ["sha256sum", str(path)], timeout_s=60).split()[0].decode()


LINES: dict[str, tuple[Spoil, Spoil]] = {
    "bits flipped towards us": (flipped, clean),
    "bits flipped both ways": (flipped, flipped),
    "bytes lost both ways": (torn, torn),
    "kernel messages inside": (kernel, clean),
    "binary noise": (binary, clean),
}


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_spoils_no_byte_and_runs_no_command_twice(
    unit: Console, tmp_path: Path, name: str
) -> None:
    src, there = bulk(tmp_path / "src", 12_000), PurePosixPath(unit.root) / name
    count = str(tmp_path / "count")
    with bad_line(over(unit, tmp_path, *LINES[name])) as line:
        transport = connect(f"serial:{line.port}", unit.options())
        transport.push(src, there)
        assert transport.pull(there, tmp_path / "back") == 12_000
        assert (tmp_path / "back").read_bytes() == src.read_bytes()
        for turn in range(1, 9):
            said = output(transport, ["sh", "-c", COUNT, "sh", count], timeout_s=60)
            assert int(said) == turn
        # A kernel message is taken out of an answer; all else makes it come again.
        assert transport.repeats > 0 or name == "kernel messages inside"
        transport.close()


def test_a_line_that_spoils_everything_is_unreachable_within_the_deadline(
    unit: Console, tmp_path: Path
) -> None:
    broken = [False]
    with bad_line(
        over(unit, tmp_path, lambda at, data: flipped(at, data, 20 if broken[0] else 10**9))
    ) as line:
        transport = connect(f"serial:{line.port}", unit.options())
        broken[0] = True
        with pytest.raises(UnreachableError, match="no right answer"):
            transport.call(["echo", "x"], timeout_s=3)
        broken[0] = False
        assert output(transport, ["echo", "x"], timeout_s=30) == b"x\n"
        transport.close()


def unplugged_in(
    unit: Console, place: Path, act: Callable[[SerialConsole, BadLine], None]
) -> AbstractContextManager[BadLine]:
    line = over(unit, place)
    transport = connect(f"serial:{line.port}", unit.options())
    with pytest.raises(UnreachableError, match="unplugged"):
        act(transport, line)
    transport.close()
    return bad_line(line)


def soon(line: BadLine, more: int) -> None:
    """Some way into whatever comes next."""
    line.cut_at = line.up_bytes + more


def test_a_pull_that_was_cut_goes_on_at_its_offset(unit: Console, tmp_path: Path) -> None:
    there, back = bulk(unit.root / "pulled", 30_000), tmp_path / "back"

    def pull(transport: SerialConsole, line: BadLine) -> None:
        soon(line, 9_000)
        transport.pull(PurePosixPath(there), back)

    with unplugged_in(unit, tmp_path, pull):
        got = back.stat().st_size
        assert 0 < got < 30_000
        transport = unit.connect()
        assert transport.pull(PurePosixPath(there), back, offset=got) == 30_000 - got
        assert back.read_bytes() == there.read_bytes()
        transport.close()


def test_a_push_that_was_cut_goes_on_at_its_offset(unit: Console, tmp_path: Path) -> None:
    src, there = bulk(tmp_path / "src", 120_000), unit.root / "pushed"

    def push(transport: SerialConsole, line: BadLine) -> None:
        soon(line, 2_500)
        transport.push(src, PurePosixPath(there))

    with unplugged_in(unit, tmp_path, push):
        got = there.stat().st_size
        assert 0 < got < 120_000
        assert there.read_bytes() == src.read_bytes()[:got]
        transport = unit.connect()
        transport.push(src, PurePosixPath(there), offset=got)
        assert there.read_bytes() == src.read_bytes()
        transport.close()


def test_a_call_that_was_cut_is_unreachable_and_its_command_ends_with_the_next_connection(
    unit: Console, tmp_path: Path
) -> None:
    def call(transport: SerialConsole, line: BadLine) -> None:
        soon(line, 2_500)
        transport.call(
            ["sh", "-c", 'echo $$ >"$1"; exec yes', "sh", str(tmp_path / "pid")], timeout_s=60
        )

    with unplugged_in(unit, tmp_path, call):
        transport = unit.connect()
        pid = (tmp_path / "pid").read_text().strip()
        output(transport, ["sh", "-c", GONE, "sh", pid], timeout_s=60)
        transport.close()


def test_a_line_that_was_silent_for_a_while_loses_nothing(
    unit: Console, transport: SerialConsole
) -> None:
    stream = transport.open(["sh", "-c", ECHO])
    stream.send(b"one\n")
    unit.freeze(frozen=True)
    with pytest.raises((TimeoutError, UnreachableError)):
        stream.receive_line(timeout_s=0.2)
    unit.freeze(frozen=False)
    stream.send(b"two\n")
    assert [stream.receive_line(timeout_s=30) for _ in range(2)] == [b"one\n", b"two\n"]
    assert stream.close(timeout_s=30) == 0
