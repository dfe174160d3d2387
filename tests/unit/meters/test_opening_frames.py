from __future__ import annotations

import errno
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from collectors.meters.hookup import Given, Hookup
from collectors.meters.km003c import open_km003c
from collectors.meters.line_hidraw import HidrawLine
from collectors.meters.line_usb import UsbLine
from collectors.meters.ppk2 import Ppk2
from collectors.meters.protocol import FastMeter, Meter, MeterError
from collectors.meters.table import METERS, opener
from collectors.reading import Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.far_lines import far_port
from tests.fakes.meters.ppk2_end import Ppk2End, ppk2_end, stream, word
from tests.fakes.meters.usb_frames import crc16_by_division, km003c_adc

MINE = sorted(name for name, place in METERS.items() if "opening_frames" in place)


class Heard:
    """A transcript in memory."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []

    def sent(self, _t_ns: int, data: bytes) -> None:
        self.said.append(("sent", data))

    def received(self, _t_ns: int, data: bytes) -> None:
        self.said.append(("received", data))


def opened(
    kind: str, address: str, settings: Mapping[str, Given], transcript: Heard | None = None
) -> Meter | FastMeter:
    heard = transcript or Heard()
    return opener(kind)(Hookup("meter.bench", address, settings, SteppingClock(), heard))


def test_a_sensor_behind_a_gateway_is_read_by_its_address_and_all_is_kept() -> None:
    body = bytes((7, 4, 4)) + struct.pack(">hH", 2153, 4830)
    answer = body + struct.pack("<H", crc16_by_division(body))
    heard = Heard()
    with far_port(answer) as port:
        meter = opened("xymd02", f"tcp:127.0.0.1:{port}", {"step": "0.01", "unit": 7}, heard)
        found = meter.read(timeout_s=5)
        meter.close()
    assert isinstance(found, tuple)
    assert [r.value for r in found if isinstance(r, Reading)] == [2153, 4830]
    assert [c.name for c in meter.describe()] == [
        "meter.bench.air.temperature",
        "meter.bench.air.humidity",
    ]
    assert heard.said[0][0] == "sent"
    assert b"".join(data for way, data in heard.said if way == "received") == answer


def test_a_ppk2_on_a_serial_port_is_read_and_its_samples_stay_out_of_the_transcript() -> None:
    end, heard = Ppk2End(stream([word(500, 2, n) for n in range(64)])), Heard()
    with ppk2_end(end) as path:
        settings: dict[str, Given] = {"mode": "source", "vdd_mv": 3300, "power": False}
        meter = opened("ppk2", f"serial:{path}", settings, heard)
        assert isinstance(meter, Ppk2)
        meter.begin()
        block = meter.read(timeout_s=5)
        meter.end()
        meter.close()
    assert block is not None
    assert set(block.values) >= {"meter.bench.current", "meter.bench.power"}
    assert {way for way, _ in heard.said} == {"sent"}


@pytest.mark.parametrize("kind", MINE)
def test_a_setting_that_a_meter_does_not_have_is_named(kind: str) -> None:
    with pytest.raises(MeterError, match="no setting colour"):
        opened(kind, "serial:/dev/null", {"colour": "red"})


@pytest.mark.parametrize(
    ("kind", "address", "settings", "words"),
    [
        ("xymd02", "tcp:127.0.0.1:1", {}, "needs the setting step"),
        ("xymd02", "tcp:127.0.0.1:1", {"step": "1"}, "0.1 or 0.01"),
        ("pzem", "tcp:127.0.0.1:1", {"unit": 300}, "up to 255"),
        ("ppk2", "serial:/nowhere", {"mode": "source", "vdd_mv": 3300, "power": False}, "opened"),
        ("fnirsi", "hid:/nowhere", {"model": "fnb58"}, "cannot be opened"),
        ("fnirsi", "hid:/nowhere", {"model": "other"}, "fnb58"),
        ("ds18b20", "w1:/nowhere", {}, "no DS18B20"),
        ("ds18b20", "serial:/dev/null", {}, "w1:"),
        ("monsoon", "monsoon:abc", {}, "serial number"),
        ("avhzy", "usb:xyz", {"interval_ms": 0.5}, "whole number"),
    ],
)
def test_what_cannot_be_opened_says_why(
    kind: str, address: str, settings: dict[str, Given], words: str
) -> None:
    with pytest.raises(MeterError, match=words):
        opened(kind, address, settings)


def test_a_hid_line_writes_the_report_number_first_and_reads_reports(tmp_path: Path) -> None:
    path = tmp_path / "hidraw0"
    os.mkfifo(path)
    line = HidrawLine.open(str(path))  # a pipe open both ways gives back what was written
    line.send(b"\xaa\x81")
    assert line.receive(64, timeout_s=5) == b"\x00\xaa\x81"
    assert line.receive(64, timeout_s=0) == b""
    line.close()
    line.close()
    with pytest.raises(MeterError, match="gone"):
        line.send(b"x")


class UsbDevice:
    """A KM003C as pyusb shows it: two interfaces, bulk endpoints on the second."""

    def __init__(self, *, bulk: bool = True) -> None:
        hid = SimpleNamespace(bEndpointAddress=0x85, bmAttributes=3)
        ends = [SimpleNamespace(bEndpointAddress=at, bmAttributes=2) for at in (0x81, 0x01)]
        self.interfaces = [UsbInterface(0, [hid]), UsbInterface(1, ends if bulk else [hid])]
        self.detached: list[int] = []
        self.waiting: list[bytes] = []
        self.gone = False

    def get_active_configuration(self) -> list[UsbInterface]:
        return self.interfaces

    def is_kernel_driver_active(self, number: int) -> bool:
        return number == 1

    def detach_kernel_driver(self, number: int) -> None:
        self.detached.append(number)

    def write(self, endpoint: int, data: bytes, timeout: int) -> None:
        assert (endpoint, timeout > 0) == (0x01, True)
        kind, number = data[0], data[1]
        accept = bytes((0x05, number, 0, 0))
        self.waiting.append(
            km003c_adc(number, 5_000_000, 1_000_000, 3200) if kind == 12 else accept
        )

    def read(self, endpoint: int, size: int, timeout: int) -> bytes:
        assert (endpoint, size % 512, timeout > 0) == (0x81, 0, True)
        if self.gone or not self.waiting:
            raise OSError(errno.ENODEV if self.gone else errno.ETIMEDOUT, "as libusb says")
        return self.waiting.pop(0)

    def reset(self) -> None:
        self.gone = True


class UsbInterface(list[SimpleNamespace]):
    def __init__(self, number: int, ends: list[SimpleNamespace]) -> None:
        super().__init__(ends)
        self.bInterfaceNumber = number


def usb_library(device: UsbDevice | None) -> SimpleNamespace:
    return SimpleNamespace(find=lambda **wanted: device if wanted["idVendor"] == 0x5FC9 else None)


def test_a_km003c_is_read_over_its_bulk_endpoints() -> None:
    device = UsbDevice()
    line = UsbLine.open("usb:5fc9:0063", usb_library(device))
    meter = open_km003c(line, SteppingClock())
    power = meter.read(timeout_s=5)[2]
    assert isinstance(power, Reading)
    assert power.value == pytest.approx(5.0)
    assert device.detached == [1]
    assert line.receive(64, timeout_s=0) == b""
    meter.close()
    with pytest.raises(MeterError, match="gone"):
        line.receive(64, timeout_s=0)


@pytest.mark.parametrize(
    ("address", "device", "words"),
    [
        ("usb:5fc9", UsbDevice(), "usb:VVVV:PPPP"),
        ("usb:1111:2222", UsbDevice(), "not attached"),
        ("usb:5fc9:0063", UsbDevice(bulk=False), "no interface"),
    ],
)
def test_a_usb_device_that_is_not_there_is_an_error(
    address: str, device: UsbDevice, words: str
) -> None:
    with pytest.raises(MeterError, match=words):
        UsbLine.open(address, usb_library(device))
