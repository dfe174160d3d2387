from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from host.errors import TransportError
from host.handover.inventory import Inventory
from host.pipeline.asked import ask_all
from host.pipeline.device_lists import Row
from host.pipeline.devices import Survey, survey
from host.plan.inventory import parse_inventory

# A device that is dead has this long; everything alive on loopback answers far sooner.
SHORT_S = 0.5
LONG_S = 30.0
BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"


@dataclass(frozen=True)
class Listed:
    """As adb lists a device."""

    serial: str
    state: str
    model: str = ""
    transport_id: int = 0


@contextmanager
def server(greeting: bytes | None) -> Iterator[int]:
    """A TCP port of loopback. greeting None: the kernel takes connections, nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        if greeting is not None:
            threading.Thread(target=_greet, args=(listening, greeting), daemon=True).start()
        yield listening.getsockname()[1]


def _greet(listening: socket.socket, greeting: bytes) -> None:
    end, _ = listening.accept()
    with end:
        end.sendall(greeting)


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def bench(*addresses: str, more: str = "") -> Inventory:
    text = "inventory = 1\n"
    for number, address in enumerate(addresses):
        text += f'[[device]]\nname = "d{number}"\naddress = "{address}"\n{more}'
    return parse_inventory(text.encode(), "devices.toml")


def asked(inventory: Inventory, *adb: object, timeout_s: float = LONG_S) -> Survey:
    listers = {"adb": lambda: adb, "serial": lambda: ()}
    return survey(inventory, timeout_s=timeout_s, listers=listers)


def states(found: Survey) -> list[tuple[str, str]]:
    return [(row.address, row.state) for row in found.devices]


def test_a_device_that_never_answers_does_not_hold_up_the_others() -> None:
    never = threading.Event()

    def hanging() -> list[object]:
        return [never.wait()]

    with server(None) as silent, server(BANNER) as alive:
        inventory = bench(f"ssh:127.0.0.1:{silent}", f"ssh:me@127.0.0.1:{alive}", "local")
        listers = {"adb": hanging, "serial": lambda: ()}
        found = survey(inventory, timeout_s=SHORT_S, listers=listers)
    assert [row.state for row in found.devices] == ["unreachable", "online", "online"]
    assert found.devices[0].note == "no answer in time"
    assert found.devices[1].note == "SSH-2.0-OpenSSH_9.2p1 Debian-2"
    assert found.notes == ("adb: no list within 0.5 s",)


def test_twenty_dead_devices_are_given_up_at_once() -> None:
    with server(None) as silent:
        addresses = [f"ssh:u{number}@127.0.0.1:{silent}" for number in range(20)]
        found = asked(bench(*addresses), timeout_s=SHORT_S)
    assert {row.state for row in found.devices} == {"unreachable"}


def test_a_port_that_nobody_listens_on_is_refused() -> None:
    (row,) = asked(bench(f"ssh:127.0.0.1:{closed_port()}")).devices
    assert (row.state, row.note) == ("unreachable", "Connection refused")


def test_a_server_may_greet_before_it_says_that_it_is_ssh() -> None:
    with server(b"Welcome\r\nto the bench\r\n" + BANNER) as port:
        (row,) = asked(bench(f"ssh:127.0.0.1:{port}")).devices
    assert row.state == "online"


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 100_000, b""])
def test_what_is_no_ssh_server_is_not_taken_for_one(said: bytes) -> None:
    with server(said) as port:
        (row,) = asked(bench(f"ssh:127.0.0.1:{port}")).devices
    assert row.state == "unreachable"


def test_a_greeting_cannot_move_the_cursor() -> None:
    with server(b"SSH-2.0-\x1b[2J" + b"y" * 200 + b"\r\n") as port:
        (row,) = asked(bench(f"ssh:127.0.0.1:{port}")).devices
    assert row.note.isprintable()
    assert len(row.note) == 100


def test_an_alias_of_an_ssh_config_is_asked_where_it_leads(tmp_path: Path) -> None:
    with server(BANNER) as port:
        config = tmp_path / "config"
        config.write_text(f"Host bench\n  HostName 127.0.0.1\n  Port {port}\n", encoding="utf-8")
        inventory = bench("ssh:bench", more=f'options = {{ ssh_config = "{config}" }}\n')
        (row,) = asked(inventory).devices
    assert (row.address, row.state) == ("ssh:bench", "online")


@pytest.mark.parametrize("way", ["ProxyJump bastion", "ProxyCommand nc %h %p"])
def test_a_device_behind_a_jump_host_is_not_asked(tmp_path: Path, way: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host bench\n  {way}\n", encoding="utf-8")
    inventory = bench("ssh:bench", more=f'options = {{ ssh_config = "{config}" }}\n')
    (row,) = asked(inventory).devices
    assert row.state == "unknown"
    assert row.note == "it is behind a jump host: only a connection can tell"


def test_an_ssh_config_that_is_wrong_is_said(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Port many\n", encoding="utf-8")
    inventory = bench("ssh:bench", more=f'options = {{ ssh_config = "{config}" }}\n')
    (row,) = asked(inventory).devices
    assert row.state == "unreachable"
    assert "config" in row.note


def test_adb_devices_are_listed_with_what_to_do() -> None:
    found = asked(
        bench(),
        Listed("A1", "device", "Pixel_7"),
        Listed("B2", "unauthorized"),
        Listed("C3", "offline"),
        Listed("D4", "recovery"),
        {"serial": "E5", "state": "device"},
        Listed("F6", "no permissions (user in plugdev group; are your udev rules wrong?)"),
    )
    assert states(found) == [
        ("adb:A1", "online"),
        ("adb:B2", "unauthorized"),
        ("adb:C3", "offline"),
        ("adb:D4", "unknown"),
        ("adb:E5", "online"),
        ("adb:F6", "unauthorized"),
    ]
    assert found.devices[0].model == "Pixel_7"
    assert "allow this computer" in found.devices[1].note
    assert found.devices[3].note == "adb says recovery"


@pytest.mark.parametrize("serial", ["10.0.0.2:5555", "adb-A1-x7._adb-tls-connect._tcp."])
def test_an_address_of_the_network_is_no_serial_number(serial: str) -> None:
    (row,) = asked(bench(f"adb:{serial}"), Listed(serial, "device")).devices
    assert (row.state, row.name, row.serial_number) == ("online", "d0", "")


def test_a_phone_on_the_network_that_adb_does_not_know_yet_is_asked_at_its_port() -> None:
    with server(None) as port:
        found = asked(bench(f"adb:127.0.0.1:{port}", f"adb:127.0.0.1:{closed_port()}"))
    assert [row.state for row in found.devices] == ["unknown", "unreachable"]
    assert "adb connects to it" in found.devices[0].note


def test_an_adb_device_of_the_inventory_stands_there_once_with_its_name() -> None:
    found = asked(bench("adb:A1", "adb:GONE"), Listed("A1", "device"), Listed("Z9", "device"))
    assert states(found) == [
        ("adb:A1", "online"),
        ("adb:GONE", "unreachable"),
        ("adb:Z9", "online"),
    ]
    assert [row.name for row in found.devices] == ["d0", "d1", ""]
    assert found.devices[1].note == "adb does not list it"


def test_two_devices_with_one_serial_say_so() -> None:
    same = (Listed("SAME", "device", "", 3), Listed("SAME", "offline", "", 4))
    found = asked(bench("adb:SAME", "adb:tid=4"), *same)
    assert states(found) == [
        ("adb:SAME", "unknown"),
        ("adb:tid=4", "offline"),
        ("adb:tid=3", "online"),
    ]
    assert found.devices[0].note == (
        "2 devices have this serial number; say adb:tid=3 or adb:tid=4"
    )
    assert all(row.duplicate for row in found.devices)
    assert "serial number of 1 other device" in found.devices[2].note


def test_a_device_may_be_named_by_the_number_of_its_transport() -> None:
    found = asked(bench("adb:tid=3"), Listed("A1", "device", "", 3))
    (row,) = found.devices
    assert (row.address, row.also, row.name) == ("adb:tid=3", "adb:A1", "d0")


def test_a_serial_number_of_the_inventory_counts_too() -> None:
    inventory = bench("local", more='serial_number = "A1"\n')
    found = asked(inventory, Listed("A1", "device"), Listed("B2", "device"))
    assert [row.duplicate for row in found.devices] == [True, True, False]


def test_what_is_not_installed_is_said_in_one_line() -> None:
    def missing() -> list[object]:
        raise ModuleNotFoundError("No module named 'adbutils'")

    found = survey(bench("adb:A1"), timeout_s=LONG_S, listers={"adb": missing})
    assert found.notes == (
        "adb: not installed, so its devices are not listed",
        "serial: not installed, so its devices are not listed",
    )
    assert found.devices[0].state == "unknown"


def test_a_lister_that_fails_is_said_and_the_rest_goes_on() -> None:
    def broken() -> list[object]:
        raise TransportError("adb", "the server does not start")

    def ports() -> list[object]:
        return [{"device": "/dev/ttyUSB7"}]

    found = survey(bench(), timeout_s=LONG_S, listers={"adb": broken, "serial": ports})
    assert found.notes == ("adb: adb: the server does not start",)
    assert states(found) == [("serial:/dev/ttyUSB7", "unknown")]


def test_a_defect_of_ours_is_not_taken_for_an_answer() -> None:
    def wrong() -> list[object]:
        raise KeyError("serial")

    with pytest.raises(KeyError):
        survey(bench(), timeout_s=LONG_S, listers={"adb": wrong})


def test_serial_ports_are_those_that_are_there(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    port.touch()
    found = asked(bench(f"serial:{port}", f"serial:{tmp_path}/ttyUSB1@9600"))
    assert [row.state for row in found.devices] == ["unknown", "unreachable"]
    assert found.devices[1].note == "there is no such port"


def test_a_listed_port_of_the_inventory_stands_there_once() -> None:
    ports = [{"device": "/dev/ttyUSB0", "serial_number": "FT1", "manufacturer": "FTDI"}]
    listers = {"adb": lambda: (), "serial": lambda: ports}
    found = survey(bench("serial:/dev/ttyUSB0"), timeout_s=LONG_S, listers=listers)
    (row,) = found.devices
    assert (row.name, row.maker, row.serial_number) == ("d0", "FTDI", "FT1")
    assert row.address == "serial:/dev/ttyUSB0@115200"


def test_texts_of_listed_devices_are_cut_and_cleaned() -> None:
    (row,) = asked(bench(), Listed("A" * 500, "device", "\x1b[31mred")).devices
    assert len(row.serial_number) == 100
    assert row.model == "?[31mred"


def test_identity_of_the_inventory_stands_above_what_was_seen() -> None:
    inventory = bench("adb:A1", more='maker = "Google"\nmodel = "Pixel 7"\n')
    (row,) = asked(inventory, Listed("A1", "device", "panther")).devices
    assert row == Row(
        "adb:A1",
        "online",
        "d0",
        maker="Google",
        model="Pixel 7",
        serial_number="A1",
        also="adb:tid=0",
    )


def test_questions_are_asked_at_once() -> None:
    both = threading.Barrier(2, timeout=LONG_S)
    answers = ask_all({1: both.wait, 2: both.wait}, timeout_s=LONG_S)
    assert sorted(a for a in answers.values() if isinstance(a, int)) == [0, 1]
