"""adb servers and the states of devices: whose is whose, who may not, what is not there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.errors import AccessRefusedError, TransportError, UnreachableError
from host.transport import adb, adb_direct
from host.transport.adbd.server import private, program
from host.transport.adbd.server_socket import Address
from host.transport.base import output
from tests.fakes.ends.adb_gate import lists, refuses_every_key, says_nothing, served
from tests.fakes.ends.adbd_end import other_server, running
from tests.fakes.phone.phone import CHECKOUT, Phone

LISTED = """\
R58M                   device usb:1-1 product:p1 model:Pixel_8 device:d transport_id:3
R58M                   device usb:1-2 product:p1 model:Pixel_8 device:d transport_id:4
MINE                   unauthorized usb:1-4 transport_id:6
RULES                  no permissions (are your udev rules wrong?) usb:1-3 transport_id:5
"""


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running(tmp_path_factory.mktemp("phone") / "phone") as made:
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Address]:
    """Somebody else's server, which is there before us."""
    with other_server(tmp_path) as address:
        yield address


def test_a_server_that_was_there_is_left_there(device: Phone, server: Address) -> None:
    for _ in range(2):
        transport = adb.connect(device.address, server)
        assert output(transport, ["echo", "on"], timeout_s=30) == b"on\n"
        transport.close()
        assert server.answers()


def test_a_server_of_ours_ends_with_its_last_transport(device: Phone, tmp_path: Path) -> None:
    address = private(tmp_path)
    assert not address.answers()
    one, other = (adb.connect(device.address, address) for _ in range(2))
    one.close()
    one.close()
    assert output(other, ["echo", "on"], timeout_s=30) == b"on\n"
    other.close()
    assert not address.answers()


def test_a_server_of_ours_ends_with_the_process_that_forgot_it(
    device: Phone, tmp_path: Path
) -> None:
    script = (
        "import sys; from pathlib import Path; from host.transport import adb;"
        "from host.transport.adbd.server import private;"
        "adb.connect(sys.argv[1], private(Path(sys.argv[2])))"
    )
    argv = [sys.executable, "-c", script, device.address, str(tmp_path)]
    subprocess.run(argv, check=True, timeout=60, cwd=CHECKOUT)
    assert not private(tmp_path).answers()


def test_a_server_killed_in_the_middle_is_unreachable_and_not_started_again(
    device: Phone, server: Address
) -> None:
    transport = adb.connect(device.address, server)
    stream = transport.open(["sh", "-c", "echo up; sleep 600"])
    assert stream.receive_line(timeout_s=30) == b"up\n"
    subprocess.run([program(), "-L", str(server), "kill-server"], check=True, timeout=30)
    assert stream.receive_line(timeout_s=30) == b""
    stream.close(timeout_s=0)
    with pytest.raises(UnreachableError, match="no adb server answers"):
        transport.call(["echo", "on"], timeout_s=30)
    assert not server.answers()
    transport.close()


def test_the_environment_names_the_server() -> None:
    by_socket = Address.of_environment({"ADB_SERVER_SOCKET": "tcp:localhost:7001"})
    assert (by_socket.host, by_socket.port) == ("localhost", 7001)
    by_port = Address.of_environment({"ANDROID_ADB_SERVER_PORT": "7002"})
    assert str(by_port) == "tcp:7002"
    assert str(Address.of_environment({})) == "tcp:5037"
    by_file = Address.of_environment({"ADB_SERVER_SOCKET": "localfilesystem:/run/adb"})
    assert by_file.path == "/run/adb"
    for bad in ("tcp:", "tcp:x", "tcp:host:99999", "vsock:1:2", "localfilesystem:"):
        with pytest.raises(Exception, match="no address of an adb server"):
            Address.parse(bad)


def test_devices_are_listed_with_state_and_identity(device: Phone, server: Address) -> None:
    adb.connect(device.address, server).close()
    (found,) = adb.devices(server)
    assert (found.serial, found.state) == (device.address, "device")
    with served(lists(LISTED)) as port:
        all_of_them = adb.devices(Address("127.0.0.1", port))
    assert [(one.serial, one.transport_id) for one in all_of_them] == [
        ("R58M", 3), ("R58M", 4), ("MINE", 6), ("RULES", 5),
    ]  # fmt: skip
    assert all_of_them[0].model == "Pixel 8"
    assert all_of_them[3].state == "no permissions (are your udev rules wrong?)"


@pytest.mark.parametrize(
    ("which", "error", "said"),
    [
        ("R58M", TransportError, "say adb:tid=3 or adb:tid=4"),
        ("MINE", AccessRefusedError, "accept the key on its screen"),
        ("RULES", AccessRefusedError, "udev rules"),
        ("GONE", UnreachableError, "no such device"),
        ("tid=9", UnreachableError, "no such device"),
    ],
)
def test_a_device_that_cannot_be_used_says_why(
    which: str, error: type[Exception], said: str
) -> None:
    with served(lists(LISTED)) as port, pytest.raises(error, match=said):
        adb.connect(which, Address("127.0.0.1", port))


def test_a_phone_that_accepts_no_key_refuses_access(server: Address, tmp_path: Path) -> None:
    with served(refuses_every_key) as port:
        with pytest.raises(AccessRefusedError, match="accept the key on its screen"):
            adb.connect(f"127.0.0.1:{port}", server)
        pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
        with pytest.raises(AccessRefusedError, match="accept the key on its screen"):
            adb_direct.connect(f"127.0.0.1:{port}", tmp_path / "adbkey", accept_s=0.2)
    assert (tmp_path / "adbkey").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "adbkey.pub").exists()


def test_a_phone_that_is_offline_is_unreachable(server: Address, tmp_path: Path) -> None:
    with served(says_nothing) as port:
        with pytest.raises(UnreachableError, match="offline"):
            adb.connect(f"127.0.0.1:{port}", server)
        pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
        with pytest.raises(UnreachableError):
            adb_direct.connect(f"127.0.0.1:{port}", tmp_path / "adbkey")


def test_transport_by_its_id(device: Phone, server: Address) -> None:
    adb.connect(device.address, server).close()
    (found,) = adb.devices(server)
    transport = adb.connect(f"tid={found.transport_id}", server)
    assert output(transport, ["getprop", "ro.serialno"], timeout_s=30) == b"DOUBLE0001\n"
    transport.close()
