"""Getting in over a serial console, whatever it shows, and what is said when that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from serial.tools.list_ports_common import ListPortInfo

from host.errors import (
    AccessRefusedError,
    FarFileError,
    HostError,
    TransportError,
    UnreachableError,
    UsageError,
)
from host.transport.base import output
from host.transport.serial_console import Options, connect
from host.transport.serial_port import FoundPort, identity, open_port
from tests.fakes.ends.console_end import PASSWORD, USER, Console, console

LOGIN, NAME = (b"\n", b"login: "), (USER.encode() + b"\n", b"Password: ")
WORD = (PASSWORD.encode() + b"\n", b"# ")


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Console]:
    with console(tmp_path) as made:
        yield made


def type_in(unit: Console, *said: tuple[bytes, bytes]) -> None:
    """Somebody was at the console before us: typed something and saw something, and so on."""
    port = open_port("serial:test", str(unit.port), 115200)
    for typed, awaited in (LOGIN, *said):
        port.write(typed, timeout_s=5)
        seen = b""
        while awaited not in seen:
            more = port.read(timeout_s=20)
            assert more, seen
            seen += more
    port.close()


def works(unit: Console) -> None:
    transport = unit.connect()
    assert output(transport, ["echo", "in"], timeout_s=30) == b"in\n"
    transport.close()


def test_a_wrong_password_is_refused_and_not_shown(unit: Console) -> None:
    options = replace(unit.options(), password=PASSWORD.replace("3", "wr0ng"))
    with pytest.raises(AccessRefusedError, match=f"refuses user '{USER}'") as caught:
        connect(f"serial:{unit.port}", options)
    assert "wr0ng" not in str(caught.value)
    works(unit)


def test_a_password_stands_in_no_text_of_ours() -> None:
    assert PASSWORD not in repr(Options(user=USER, password=PASSWORD))


@pytest.mark.parametrize(
    ("options", "said"),
    [(Options(), "no user is given"), (Options(user=USER), "password of 'bench'; none is given")],
)
def test_a_login_without_name_or_password_says_what_is_missing(
    unit: Console, options: Options, said: str
) -> None:
    with pytest.raises(AccessRefusedError, match=said):
        connect(f"serial:{unit.port}", options)
    works(unit)


@pytest.mark.parametrize(
    "left",
    [
        [],
        [NAME],
        [NAME, WORD],
        [NAME, WORD, (b"cat >/dev/null; echo '\n", b"\r\n> ")],
        [NAME, WORD, (b"echo run''s; cat\n", b"runs")],
        [NAME, WORD, (b"while :; do echo l''oop#; sleep 0.05; done\n", b"loop#\r\nloop")],
    ],
    ids=["login", "password", "prompt", "quote", "command", "loop"],
)
def test_a_shell_is_found_whatever_was_left(
    unit: Console, left: list[tuple[bytes, bytes]]
) -> None:
    type_in(unit, *left)
    works(unit)


def test_the_server_of_a_host_that_went_away_is_replaced_and_its_commands_end(
    unit: Console,
) -> None:
    first = unit.connect()
    stream = first.open(["sh", "-c", "echo $$; exec sleep 600"])
    pid = stream.receive_line(timeout_s=30).strip().decode()
    first._link.port.close()  # noqa: SLF001 - as a killed host leaves it: nothing is said
    second = unit.connect()
    gone = 'i=0; while kill -0 "$1"; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.1; done'
    output(second, ["sh", "-c", gone, "sh", pid], timeout_s=60)
    assert len(list(unit.place.glob("tmp/inferometer.*"))) == 1
    second.close()


def test_after_a_logout_it_says_so_and_a_new_connection_logs_in(unit: Console) -> None:
    first = unit.connect()

    folder = next(unit.place.glob("tmp/inferometer.*"))
    server = next(
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if f"serve\0{folder}\0".encode() in read(path)
    )

    status = Path("/proc", server, "stat").read_text()
    os.kill(int(status.rpartition(")")[2].split()[1]), 9)
    os.kill(int(server), 9)
    with pytest.raises(UnreachableError, match="restarted or logged out"):
        first.call(["echo"], timeout_s=20)
    first.close()
    works(unit)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_nothing_stays_on_the_unit_and_the_login_comes_again(unit: Console) -> None:
    works(unit)
    with pytest.raises(AccessRefusedError, match="no user is given"):
        connect(f"serial:{unit.port}", replace(unit.options(), user=None))
    assert list(unit.place.glob("tmp/*")) == []


def test_a_folder_that_cannot_be_made_is_named(unit: Console) -> None:
    with pytest.raises(FarFileError, match="/proc/inferometer"):
        connect(f"serial:{unit.port}", replace(unit.options(), folder="/proc"))
    with pytest.raises(AccessRefusedError, match="no user is given"):  # no shell is left open
        connect(f"serial:{unit.port}", replace(unit.options(), user=None))


def test_a_line_with_nobody_at_its_end_says_so(unit: Console) -> None:
    unit.freeze(frozen=True)
    with pytest.raises(UnreachableError, match="nothing answers"):
        connect(f"serial:{unit.port}", replace(unit.options(), login_s=2))
    unit.freeze(frozen=False)
    works(unit)


def test_a_port_that_is_not_there_or_none_is_refused_by_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="there is no port"):
        connect(f"serial:{tmp_path / 'ttyUSB7'}@9600")
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(TransportError, match="is no serial port"):
        connect(str(file))


def test_a_port_of_another_program_is_in_use(unit: Console) -> None:
    holder = open_port("serial:other", str(unit.port), 115200)
    with pytest.raises(TransportError, match="in use by another program"):
        unit.connect()
    holder.close()
    works(unit)


@pytest.mark.parametrize("address", ["", "serial:", "serial:\n"])
def test_an_address_that_is_none_is_wrong_use(address: str) -> None:
    with pytest.raises(UsageError, match="expected serial:PORT"):
        connect(address)


def test_a_folder_that_a_shell_would_read_is_wrong_use(unit: Console) -> None:
    with pytest.raises(UsageError, match="a plain folder"):
        connect(f"serial:{unit.port}", replace(unit.options(), folder="/run; reboot"))


def test_an_unplugged_port_is_unreachable_at_once(unit: Console) -> None:
    transport = unit.connect()
    unit.unplug()
    with pytest.raises(UnreachableError, match="unplugged"):
        transport.call(["echo"], timeout_s=60)
    transport.close()
    with pytest.raises(HostError):
        transport.call(["echo"], timeout_s=60)


def test_a_port_is_listed_with_what_its_adapter_says_and_nothing_that_acts() -> None:
    port = ListPortInfo("/dev/ttyUSB0", skip_link_detection=True)
    assert identity(port) == FoundPort("/dev/ttyUSB0", "", "", "")
    port.description, port.serial_number = "FT232R \x1b[2JUSB UART", "A50285BI" * 100
    port.vid, port.pid = 0x0403, 0x6001
    found = identity(port)
    assert (found.ids, found.description) == ("0403:6001", "FT232R [2JUSB UART")
    assert len(found.serial_number) == 120
