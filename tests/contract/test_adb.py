"""What is special to adb, over a real adbd: servers, states, ends that come in the middle."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from host.errors import AccessRefusedError, FarFileError, TransportError, UnreachableError
from host.transport import adb, adb_direct
from host.transport.adbd.server import private, program
from host.transport.adbd.server_socket import Address
from host.transport.base import MAX_OUTPUT_BYTES, Transport, output
from tests.fakes.ends.adb_gate import (
    HEADER,
    OKAY,
    WRTE,
    lets_in_and_sends,
    lists,
    message,
    refuses_every_key,
    says_nothing,
    served,
)
from tests.fakes.ends.adbd_end import ROOT, running
from tests.fakes.phone.phone import CHECKOUT, Phone

Connect = Callable[[], Transport]

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
    address = private(tmp_path)
    started = subprocess.Popen(
        [program(), "-L", str(address), "server", "nodaemon"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with started:
        waits_until(address.answers)
        yield address
        started.kill()


@pytest.fixture(params=["adb", "adb-direct"])
def way(request: pytest.FixtureRequest, device: Phone, tmp_path: Path) -> Connect:
    """Makes a transport, with an adb server that is ours or without one."""
    address = private(tmp_path)
    if request.param == "adb":
        return lambda: adb.connect(device.address, address)
    pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
    return lambda: adb_direct.connect(device.address, tmp_path / "adbkey")


def waits_until(true: Callable[[], bool]) -> None:
    """Until it is true; the test's own time limit ends what never is."""
    pause = threading.Event()
    while not true():
        pause.wait(0.02)


def bulk(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


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


@pytest.mark.parametrize(
    "answers",
    [
        [bytes(range(256))],
        [HEADER.pack(WRTE, 5, 1, (1 << 32) - 1, 0, 0)],
        [message(WRTE, 5, 1, b"abc")[:-1] + b"x"],
        [message(OKAY, 5, 1), *[message(WRTE, 5, 1, bytes(1 << 16))] * 500],
        [message(OKAY, 5, 1), message(WRTE, 5, 1, b"\x01\xff\xff\xff\xff")],
    ],
    ids=["noise", "a message of 4 GiB", "a changed byte", "a flood", "a packet of 4 GiB"],
)
def test_a_device_that_breaks_the_protocol_is_unreachable(
    answers: list[bytes], tmp_path: Path
) -> None:
    pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
    with served(lets_in_and_sends(*answers)) as port, pytest.raises(UnreachableError):
        adb_direct.connect(f"127.0.0.1:{port}", tmp_path / "adbkey")


def test_a_device_whose_adbd_has_no_shell_v2_is_too_old(tmp_path: Path) -> None:
    pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
    closed = message(int.from_bytes(b"CLSE", "little"), 0, 1)
    with (
        served(lets_in_and_sends(closed)) as port,
        pytest.raises(TransportError, match="no shell v2"),
    ):
        adb_direct.connect(f"127.0.0.1:{port}", tmp_path / "adbkey")


def test_transport_by_its_id(device: Phone, server: Address) -> None:
    adb.connect(device.address, server).close()
    (found,) = adb.devices(server)
    transport = adb.connect(f"tid={found.transport_id}", server)
    assert output(transport, ["getprop", "ro.serialno"], timeout_s=30) == b"DOUBLE0001\n"
    transport.close()


def test_a_reboot_shows_in_the_boot_id_and_needs_no_new_server(
    way: Connect, device: Phone
) -> None:
    boot_id = ["cat", "/proc/sys/kernel/random/boot_id"]
    transport = way()
    before = output(transport, boot_id, timeout_s=30).decode().strip()
    assert before == device.boot_id
    device.reboot()
    again = way()
    after = output(again, boot_id, timeout_s=30).decode().strip()
    assert after == device.boot_id != before
    again.close()
    transport.close()


def test_power_lost_in_a_push_is_unreachable(way: Connect, device: Phone, tmp_path: Path) -> None:
    src, sizes = bulk(tmp_path / "a", 64 << 20), []

    def moved(count: int) -> None:
        sizes.append(count)
        if sum(sizes) > 8 << 20 and len(sizes) < 1 << 20:
            sizes.extend([0] * (1 << 20))  # once
            device.stop()

    transport = way()
    try:
        with pytest.raises(UnreachableError):
            transport.push(src, ROOT / "lost", moved=moved)
    finally:
        transport.close()
        device.stop()
        device.start()


def test_a_full_device_says_so(way: Connect, tmp_path: Path) -> None:
    transport = way()
    small = PurePosixPath("/data/local/tmp/small")
    script = 'mkdir -p "$1" && mount -t tmpfs -o size=1m tmpfs "$1"'
    output(transport, ["sh", "-c", script, "sh", str(small)], timeout_s=30)
    src = bulk(tmp_path / "a", 8 << 20)
    try:
        for offset in (0, 1000):
            with pytest.raises(FarFileError, match=r"(?i)no space"):
                transport.push(src, small / "a", offset=offset)
    finally:
        output(transport, ["umount", str(small)], timeout_s=30)
        transport.close()


def test_output_without_end_is_cut_off_and_its_program_ended(way: Connect) -> None:
    transport = way()
    with pytest.raises(TransportError, match="more than is taken"):
        transport.call(["yes", "x" * 1000], timeout_s=100)
    assert transport.call(["pgrep", "yes"], timeout_s=30).stdout == b""
    half = ["head", "-c", str(MAX_OUTPUT_BYTES // 2), "/dev/zero"]
    assert len(output(transport, half, timeout_s=100)) == MAX_OUTPUT_BYTES // 2
    transport.close()


def test_a_command_that_ignores_a_hangup_is_ended_with_all_it_started(way: Connect) -> None:
    transport = way()
    script = "trap '' HUP TERM; sleep 611 & sleep 612"
    with pytest.raises(UnreachableError, match="did not end"):
        transport.call(["sh", "-c", script], timeout_s=1)
    waits_until(lambda: not transport.call(["pgrep", "-f", "sleep 61"], timeout_s=30).stdout)
    transport.close()


def test_many_threads_share_one_transport(way: Connect) -> None:
    transport = way()
    said: dict[int, bytes] = {}

    def ask(number: int) -> None:
        size = str(200_000 + number)
        said[number] = output(transport, ["head", "-c", size, "/dev/zero"], timeout_s=60)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    stream = transport.open(["cat"])
    for thread in threads:
        thread.start()
    stream.send(b"between\n")
    assert stream.receive_line(timeout_s=60) == b"between\n"
    for thread in threads:
        thread.join()
    assert {number: len(raw) for number, raw in said.items()} == {
        number: 200_000 + number for number in range(12)
    }
    stream.close(timeout_s=30)
    transport.close()


def test_a_command_need_not_read_its_input(way: Connect) -> None:
    transport = way()
    for _ in range(20):
        done = transport.call(["sh", "-c", "echo out; exit 3"], timeout_s=30, stdin=bytes(4 << 20))
        assert (done.status, done.stdout) == (3, b"out\n")
    transport.close()


def test_what_adb_cannot_carry_is_said(way: Connect) -> None:
    transport = way()
    with pytest.raises(TransportError, match="NUL"):
        transport.call(["echo", "a\0b"], timeout_s=30)
    transport.close()


def test_the_phone_has_no_program_of_this_machine(way: Connect) -> None:
    transport = way()
    assert transport.call(["python3", "-V"], timeout_s=30).status == 127
    assert re.fullmatch(rb"/system/bin/sh\n", output(transport, ["which", "sh"], timeout_s=30))
    transport.close()


def test_what_a_stream_said_on_stderr_stands_in_the_error(way: Connect) -> None:
    transport = way()
    stream = transport.open(["sh", "-c", "echo no such engine >&2; exit 9"])
    assert stream.receive_line(timeout_s=30) == b""
    with pytest.raises(UnreachableError, match="no such engine"):
        stream.send(b"hello\n")
    assert stream.close(timeout_s=30) == 9
    transport.close()
