"""What a serial console carries, and a unit that says too much or has too little."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport.base import output
from host.transport.serial_console import Options, SerialConsole, connect
from tests.fakes.ends.bad_line import BadLine, Spoil, bad_line, clean
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


def test_what_a_command_says_comes_as_it_is(transport: SerialConsole, tmp_path: Path) -> None:
    said = ALL_BYTES + b"\x1b]0;x\x07login: \r\n=E x\n=N x\nQ\n~~~\n\x03\x04\x1a" + ALL_BYTES
    file = tmp_path / "said"
    file.write_bytes(said)
    done = transport.call(["sh", "-c", 'cat "$1"; cat "$1" >&2', "sh", str(file)], timeout_s=60)
    assert (done.stdout, done.stderr) == (said, said)


def test_a_command_that_never_stops_talking_is_ended(unit: Console, tmp_path: Path) -> None:
    small = connect(f"serial:{unit.port}", replace(unit.options(), max_output_bytes=20_000))
    with pytest.raises(TransportError, match="more than 20000 bytes and was ended"):
        small.call(
            ["sh", "-c", 'echo $$ >"$1"; exec yes', "sh", str(tmp_path / "pid")], timeout_s=60
        )
    pid = (tmp_path / "pid").read_text().strip()
    output(small, ["sh", "-c", GONE, "sh", pid], timeout_s=60)
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


def test_input_that_comes_before_its_reader_is_not_lost(transport: SerialConsole) -> None:
    for turn in range(10):
        given = b"%d\n" % turn
        assert transport.call(["cat"], timeout_s=30, stdin=given).stdout == given


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
    done = transport.call(["sh", "-c", "echo x; sleep 30 & exit 5"], timeout_s=60)
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
