"""A serial console over a line that is slow, noisy or gone, and a unit that says too much."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport.base import output
from host.transport.serial_console import Options, SerialConsole, connect
from tests.fakes.ends.bad_line import BadLine, Spoil, bad_line, clean
from tests.fakes.ends.console_end import Console, console

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


def flipped(at: int, data: bytes, every: int = 3001) -> bytes:
    """One bit of every so many bytes."""
    return bytes(
        byte ^ 4 if (at + place) % every == every - 1 else byte for place, byte in enumerate(data)
    )


def torn(at: int, data: bytes, every: int = 4001) -> bytes:
    """Twelve bytes of every so many are lost."""
    return bytes(byte for place, byte in enumerate(data) if (at + place) % every < every - 12)


def kernel(at: int, data: bytes, every: int = 997) -> bytes:
    """A message of the kernel after every so many bytes, wherever that is."""
    message = b"[   42.613374] usb 1-1.3: device descriptor read/64, error -71\r\n"
    split = every - at % every
    return data if split > len(data) else data[:split] + message + data[split:]


def binary(at: int, data: bytes, every: int = 2503) -> bytes:
    """Binary noise and things that a terminal would obey."""
    split = every - at % every
    return data if split > len(data) else data[:split] + b"\x00\xff\x1b[2J\x07" + data[split:]


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


def soon(line: BadLine) -> None:
    """Some way into whatever comes next."""
    line.cut_at = line.up_bytes + 2_500


def test_a_pull_that_was_cut_goes_on_at_its_offset(unit: Console, tmp_path: Path) -> None:
    there, back = bulk(unit.root / "pulled", 30_000), tmp_path / "back"

    def pull(transport: SerialConsole, line: BadLine) -> None:
        soon(line)
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
        soon(line)
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
        soon(line)
        transport.call(
            ["sh", "-c", 'echo $$ >"$1"; exec yes', "sh", str(tmp_path / "pid")], timeout_s=60
        )

    with unplugged_in(unit, tmp_path, call):
        transport = unit.connect()
        pid = (tmp_path / "pid").read_text().strip()
        assert transport.call(["kill", "-0", pid], timeout_s=30).status != 0
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


def test_what_a_command_says_comes_as_it_is(transport: SerialConsole, tmp_path: Path) -> None:
    said = ALL_BYTES + b"\x1b]0;x\x07login: \r\n=E x\n=N x\nQ\n~~~\n\x03\x04\x1a" + ALL_BYTES
    file = tmp_path / "said"
    file.write_bytes(said)
    done = transport.call(["sh", "-c", 'cat "$1"; cat "$1" >&2', "sh", str(file)], timeout_s=60)
    assert (done.stdout, done.stderr) == (said, said)


def test_a_command_that_never_stops_talking_is_ended(unit: Console, tmp_path: Path) -> None:
    small = connect(f"serial:{unit.port}", replace(unit.options(), max_output_bytes=12_000))
    with pytest.raises(TransportError, match="more than 20000 bytes and was ended"):
        small.call(
            ["sh", "-c", 'echo $$ >"$1"; exec yes', "sh", str(tmp_path / "pid")], timeout_s=60
        )
    pid = (tmp_path / "pid").read_text().strip()
    assert small.call(["kill", "-0", pid], timeout_s=30).status != 0
    small.close()


def test_a_stream_that_nobody_reads_fills_no_disk(unit: Console, transport: SerialConsole) -> None:
    stream = transport.open(["yes"])
    assert stream.receive_line(timeout_s=30) == b"y\n"
    assert output(transport, ["sh", "-c", "sleep 1"], timeout_s=30) == b""
    kept = sum(path.stat().st_size for path in unit.place.glob("tmp/*/j*/o.*"))
    assert kept <= 9 * 512
    assert stream.close(timeout_s=0.2) is None


def test_a_console_that_is_flooded_is_unreachable_within_the_deadline(
    unit: Console, tmp_path: Path
) -> None:
    flood = [b""]
    with bad_line(over(unit, tmp_path, lambda _, data: flood[0] or data)) as line:
        transport = connect(f"serial:{line.port}", unit.options())
        flood[0] = b"\x1b[2J\xff\x00 login: root \r\n" * 4000
        with pytest.raises(UnreachableError):
            transport.call(["echo"], timeout_s=2)
        transport.close()


def test_lines_longer_than_a_tty_holds_go_both_ways(transport: SerialConsole) -> None:
    message = {"prompt": "中文 " * 3000, "n": list(range(1000))}
    line = json.dumps(message, ensure_ascii=False).encode() + b"\n"
    assert len(line) > 4 * 4096
    stream = transport.open(["cat"])
    stream.send(line)
    assert stream.receive_line(timeout_s=60) == line
    assert stream.close(timeout_s=30) == 0


def test_calls_go_on_while_a_stream_is_open(transport: SerialConsole, unit: Console) -> None:
    first, second = (transport.open(["sh", "-c", ECHO]) for _ in range(2))
    first.send(b"to the first\n")
    second.send(b"to the second\n")
    assert output(transport, ["echo", "beside"], timeout_s=30) == b"beside\n"
    assert second.receive_line(timeout_s=30) == b"to the second\n"
    assert first.receive_line(timeout_s=30) == b"to the first\n"
    assert (first.close(timeout_s=30), second.close(timeout_s=30)) == (0, 0)


def test_lines_that_came_before_the_end_are_there_after_close(transport: SerialConsole) -> None:
    stream = transport.open(["sh", "-c", "echo a; read -r _; echo b; printf torn; exit 4"])
    assert stream.close(timeout_s=30) == 4
    assert [stream.receive_line(timeout_s=1) for _ in range(4)] == [b"a\n", b"b\n", b"torn", b""]


def test_somebody_who_keeps_the_output_open_is_not_waited_for(transport: SerialConsole) -> None:
    done = transport.call(["sh", "-c", "echo x; sleep 600 & exit 5"], timeout_s=60)
    assert (done.status, done.stdout) == (5, b"x\n")


def test_too_much_for_a_line_is_refused_with_the_time_it_would_take(
    unit: Console, transport: SerialConsole, tmp_path: Path
) -> None:
    model = tmp_path / "model.gguf"
    with model.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(TransportError, match=r"34\.5 h at least.*put the file on the unit"):
        transport.push(model, PurePosixPath(unit.root) / "model.gguf")
    assert not (unit.root / "model.gguf").exists()


def test_a_full_disk_and_a_wrong_path_are_named(
    unit: Console, transport: SerialConsole, tmp_path: Path
) -> None:
    src = bulk(tmp_path / "src", 5000)
    with pytest.raises(FarFileError, match="/dev/full"):
        transport.push(src, PurePosixPath("/dev/full"))
    for path, why in ((unit.root, "not a regular file"), (unit.root / "no", "No such file")):
        with pytest.raises(FarFileError, match=why):
            transport.pull(PurePosixPath(path), tmp_path / "back")
    with pytest.raises(FarFileError, match="missing"):
        transport.push(tmp_path / "missing", PurePosixPath(unit.root) / "x")
    assert not (tmp_path / "back").exists()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[tuple[Console, SerialConsole]]:
    """A unit with what README.md asks for at the least, and nothing else."""
    with console(tmp_path) as unit:
        needed = "sh cat rm mv mkdir ls dd od md5sum sleep wc grep mknod"
        for path in (unit.place / "bin").iterdir():
            if path.name not in (*needed.split(), "getty", "stty", "env", "busybox"):
                path.unlink()
        options = unit.options()
        made = connect(
            f"serial:{unit.port}", Options(options.user, options.password, options.folder)
        )
        yield unit, made
        made.close()


def test_a_unit_with_the_least_programs_will_do(
    bare: tuple[Console, SerialConsole], tmp_path: Path
) -> None:
    unit, transport = bare
    src, there = bulk(tmp_path / "src", 3000), PurePosixPath(unit.root) / "a b'c"
    src.write_bytes(ALL_BYTES + src.read_bytes())
    transport.push(src, there)
    assert transport.pull(there, tmp_path / "back") == 3256
    assert (tmp_path / "back").read_bytes() == src.read_bytes()
    done = transport.call(["md5sum"], timeout_s=30, stdin=ALL_BYTES * 4)
    assert (
        done.stdout.split()[0].decode()
        == hashlib.md5(ALL_BYTES * 4, usedforsecurity=False).hexdigest()
    )
    assert shutil.which("base64", path=str(unit.place / "bin")) is None
