from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.device.part import Missing
from collectors.meters.modbus import INPUT, ModbusLine, Registers
from collectors.meters.protocol import Meter, MeterError
from collectors.meters.pzem import open_pzem
from collectors.meters.sdm120 import open_sdm120
from collectors.meters.xymd02 import Air, open_xymd02
from collectors.reading import Gap, Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.far_lines import FdLine, far_end
from tests.fakes.meters.modbus_bench import AIR, PZEM, SDM, modbus_bench, raw_tty


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with modbus_bench(tmp_path_factory.mktemp("modbus")) as path:
        yield path


@pytest.fixture
def line(port: Path) -> Iterator[FdLine]:
    with raw_tty(port) as fd:
        yield FdLine(fd, "serial:bench")


def scaled(meter: Meter, entries: tuple[Reading | Gap, ...]) -> list[float]:
    """The readings in the units of their channels."""
    scales = {channel.name: channel.scale for channel in meter.describe()}
    return [e.value * scales[e.channel] for e in entries if isinstance(e, Reading)]


def test_a_pzem_gives_its_values_low_word_first(line: FdLine) -> None:
    meter = open_pzem(line, SteppingClock(), unit=PZEM)
    readings = meter.read(timeout_s=5)
    assert scaled(meter, readings) == pytest.approx([230.4, 0.435, 99.7, 70000 * 3600, 50.0, 0.99])
    assert all(isinstance(r, Reading) and r.t0_ns < r.t1_ns for r in readings)


def test_an_sdm120_gives_its_floats_and_its_baud_is_read_back(line: FdLine) -> None:
    meter = open_sdm120(line, SteppingClock(), unit=SDM, baud=9600)
    (setting,) = meter.begin()
    assert (setting.wanted, setting.found) == ("9600", "9600")
    readings = meter.read(timeout_s=5)
    told = [229.5, 0.5, 110.25, 0.96, 49.95, 1234.5 * 3.6e6]
    assert scaled(meter, readings) == pytest.approx(told, rel=1e-6)


def test_an_sdm120_that_is_set_to_another_baud_is_refused(line: FdLine) -> None:
    with pytest.raises(MeterError, match="baud code 2"):
        open_sdm120(line, SteppingClock(), unit=SDM, baud=2400)


def test_the_air_may_be_below_zero(line: FdLine) -> None:
    meter = open_xymd02(line, SteppingClock(), Air(AIR, 9600, 0.1))
    readings = meter.read(timeout_s=5)
    assert scaled(meter, readings) == pytest.approx([-5.7, 48.3])
    assert {channel.tier for channel in meter.describe()} == {""}


def test_a_unit_that_is_not_there_leaves_gaps_for_every_channel() -> None:
    with far_end(lambda _: []) as silent:
        readings = open_pzem(silent, SteppingClock(), unit=PZEM).read(timeout_s=0.1)
    assert [type(r) for r in readings] == [Gap] * 6
    assert {r.reason.split(":")[0] for r in readings if isinstance(r, Gap)} == {"not-answered"}


def test_registers_that_a_unit_does_not_have_are_named_by_its_exception(line: FdLine) -> None:
    found = ModbusLine(line, 9600).read(Registers(PZEM, INPUT, 500, 2), timeout_s=5)
    assert isinstance(found, Missing)
    assert found.reason == "refused: exception 2, illegal data address"


def test_mbpoll_reads_the_same_from_the_units_as_we_do(port: Path) -> None:
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed")
    command = [program, "-m", "rtu", "-b", "9600", "-P", "none", "-a", str(PZEM), "-t", "3"]
    done = subprocess.run(
        [*command, "-r", "1", "-c", "9", "-1", str(port)],
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    told = [
        int(row.split(":")[1].split()[0]) for row in done.stdout.splitlines() if row[:1] == "["
    ]
    with raw_tty(port) as fd:
        ours = ModbusLine(FdLine(fd), 9600).read(Registers(PZEM, INPUT, 0, 9), timeout_s=5)
    assert tuple(told) == ours


def frame(body: bytes) -> bytes:
    """With the CRC of the Modbus guide, by its table-free description and not by our code."""
    crc = 0xFFFF
    for byte in body:
        for bit in range(8):
            odd = (crc ^ byte >> bit) & 1
            crc = crc >> 1 ^ (0xA001 if odd else 0)
    return body + struct.pack("<H", crc)


GOOD = frame(bytes((7, 4, 4)) + struct.pack(">hH", 215, 483))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (GOOD[:-1] + bytes((GOOD[-1] ^ 1,)), "bad-checksum"),
        (frame(bytes((8, 4, 4)) + bytes(4)), "wrong-unit"),
        (frame(bytes((7, 3, 4)) + bytes(4)), "wrong-answer"),
        (frame(bytes((7, 4, 2)) + bytes(4)), "wrong-answer"),
        (GOOD[:3], "not-answered"),
        (GOOD[:6], "bad-checksum"),
        (frame(bytes((7, 4, 4)) + struct.pack(">hH", -32768, 483)), "overrange"),
        (frame(bytes((7, 0x84, 6))), "refused: exception 6, server device busy"),
    ],
    ids=["crc", "unit", "function", "length", "short", "cut", "not-in-air", "busy"],
)
def test_an_answer_that_does_not_hold_is_a_gap_with_its_reason(answer: bytes, reason: str) -> None:
    with far_end(lambda _: [answer]) as line:
        first = open_xymd02(line, SteppingClock(), Air(7, 0, 0.1)).read(timeout_s=0.3)[0]
    assert isinstance(first, Gap)
    assert first.reason.startswith(reason)


def test_an_answer_to_an_earlier_question_is_not_taken_for_this_one() -> None:
    answers = iter([frame(bytes((7, 4, 4)) + struct.pack(">hH", 999, 999)), GOOD])
    with far_end(lambda _: [next(answers)]) as line:
        meter = open_xymd02(line, SteppingClock(), Air(7, 9600, 0.1))
        line.send(b"an earlier question")
        assert line.receive(1, timeout_s=5)  # the rest of the answer lies there
        first = meter.read(timeout_s=5)[0]
    assert isinstance(first, Reading)
    assert first.value == 215


def test_a_float_that_is_no_number_is_a_gap() -> None:
    def answer(question: bytes) -> list[bytes]:
        _, function, _, count = struct.unpack(">BBHH", question[:6])
        value = 0.0 if function == 3 else float("nan")
        body = struct.pack(">f", value) * (count // 2)
        return [frame(bytes((1, function, len(body))) + body)]

    with far_end(answer) as line:
        meter = open_sdm120(line, SteppingClock(), baud=0)
        readings = meter.read(timeout_s=5)
    assert {r.reason for r in readings if isinstance(r, Gap)} == {"not-a-number"}
    assert len(readings) == 6


def test_a_line_that_is_gone_is_an_error_and_no_gap() -> None:
    with far_end(lambda _: []) as line:
        meter = open_pzem(line, SteppingClock())
    with pytest.raises(MeterError, match="gone"):
        meter.read(timeout_s=0.1)


def test_asked_sooner_than_it_has_news_it_says_nothing() -> None:
    with far_end(lambda _: [GOOD]) as line:
        meter = open_xymd02(line, SteppingClock(), Air(7, 9600, 0.1))
        assert meter.read(timeout_s=5)
        assert meter.read(timeout_s=0.01) == ()
