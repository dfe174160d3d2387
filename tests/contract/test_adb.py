"""Both ways to an adbd when something ends in the middle, or the device breaks the rules."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from host.errors import FarFileError, TransportError, UnreachableError
from host.transport import adb, adb_direct
from host.transport.adbd.server import private
from host.transport.base import MAX_OUTPUT_BYTES, Transport, output
from tests.fakes.ends.adb_gate import HEADER, OKAY, WRTE, lets_in_and_sends, message, served
from tests.fakes.ends.adbd_end import ROOT, running, waits_until
from tests.fakes.phone.phone import Phone

Connect = Callable[[], Transport]


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with running(tmp_path_factory.mktemp("phone") / "phone") as made:
        yield made


@pytest.fixture(params=["adb", "adb-direct"])
def way(request: pytest.FixtureRequest, device: Phone, tmp_path: Path) -> Connect:
    """Makes a transport, with an adb server that is ours or without one."""
    address = private(tmp_path)
    if request.param == "adb":
        return lambda: adb.connect(device.address, address)
    pytest.importorskip("adb_shell", reason="the extra adb-direct is not installed")
    return lambda: adb_direct.connect(device.address, tmp_path / "adbkey")


def bulk(path: Path, size: int) -> Path:
    path.write_bytes(os.urandom(size))
    return path


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
    waits_until(lambda: not transport.call(["pgrep", "yes"], timeout_s=30).stdout)
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
