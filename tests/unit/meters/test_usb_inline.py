from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.meters.avhzy import Avhzy
from collectors.meters.fnirsi import Fnirsi, command
from collectors.meters.km003c import Km003cQueue, open_km003c
from collectors.meters.modbus import crc16
from collectors.meters.protocol import Block, Meter, MeterError
from collectors.meters.tc66c import open_tc66c
from collectors.meters.um34c import open_um
from collectors.reading import Gap, Reading
from tests.fakes.clock import SteppingClock
from tests.fakes.meters import usb_frames as frames
from tests.fakes.meters.far_lines import far_end

TICKS = SteppingClock


def scaled(meter: Meter, entries: tuple[Reading | Gap, ...]) -> list[float]:
    scales = {channel.name: channel.scale for channel in meter.describe()}
    return [e.value * scales[e.channel] for e in entries if isinstance(e, Reading)]


def reasons(entries: tuple[Reading | Gap, ...]) -> set[str]:
    return {e.reason.split(":")[0] if isinstance(e, Gap) else "a reading" for e in entries}


def test_the_checks_are_those_that_others_publish() -> None:
    assert crc16(b"123456789") == 0x4B37  # CRC-16/MODBUS, catalogue of parametrised CRCs
    assert [command(code)[-1] for code in (0x81, 0x82, 0x83)] == [0x8E, 0x96, 0x9E]


@pytest.mark.parametrize(
    ("model", "name", "volt", "ampere"),
    [
        (0x0963, "UM24C", 5.12, 1.234),
        (0x09C9, "UM25C", 0.512, 0.1234),
        (0x0D4C, "UM34C", 5.12, 1.234),
    ],
)
def test_each_um_has_its_own_steps(model: int, name: str, volt: float, ampere: float) -> None:
    frame = frames.um_frame(model, 512, 1234, -3, 1000)
    with far_end(lambda asked: [frame[:100], frame[100:]] if asked == b"\xf0" else []) as line:
        meter = open_um(line, TICKS())
        found = scaled(meter, meter.read(timeout_s=5))
    assert meter.identity.model == name
    assert found == pytest.approx([volt, ampere, volt * ampere, -3, 3600])
    tiers = {c.name: c.tier for c in meter.describe()}
    assert (tiers["um.power"], tiers["um.energy"], tiers["um.inside.temperature"]) == (
        "A-",
        "A-",
        "",
    )


def test_a_um_frame_that_does_not_hold_is_a_gap() -> None:
    good = frames.um_frame(0x0D4C, 512, 1234, 25, 1000)
    spoilt = bytearray(good)
    spoilt[3] ^= 1
    other = frames.um_frame(0x0963, 512, 1234, 25, 1000)
    answers = iter([good, bytes(spoilt), other, good[:50]])
    with far_end(lambda _: [next(answers)]) as line:
        meter = open_um(line, TICKS())
        found = [reasons(meter.read(timeout_s=0.3)) for _ in range(3)]
    assert found == [{"bad-checksum"}, {"wrong-answer"}, {"not-answered"}]


def test_a_tc66c_is_read_through_its_fixed_key() -> None:
    frame = frames.tc66c_frame(51234, 123456, (1000, 7))
    with far_end(lambda asked: [frame] if asked == b"getva" else []) as line:
        meter = open_tc66c(line, TICKS())
        found = scaled(meter, meter.read(timeout_s=5))
    assert found == pytest.approx([5.1234, 1.23456, 5.1234 * 1.23456, 3600, 25.2])
    assert (meter.identity.model, meter.identity.firmware) == ("TC66", "1.15")
    assert meter.identity.serial == "4711"


def test_a_tc66c_block_whose_sum_is_wrong_or_whose_key_is_another_is_a_gap() -> None:
    good = frames.tc66c_frame(51234, 123456, (1, 1))
    answers = iter([good, frames.tc66c_frame(1, 1, (1, 1), spoil=True), bytes(192)])
    with far_end(lambda _: [next(answers)]) as line:
        meter = open_tc66c(line, TICKS())
        found = [reasons(meter.read(timeout_s=5)) for _ in range(2)]
    assert found == [{"bad-checksum"}, {"wrong-answer"}]


@pytest.mark.parametrize("opener", [open_um, open_tc66c])
def test_a_line_with_something_else_on_it_is_refused(opener: Callable[..., Meter]) -> None:
    with far_end(lambda _: [b"?" * 192]) as line, pytest.raises(MeterError, match="wrong-answer"):
        opener(line, TICKS())


def km003c(asked: bytes, samples: list[tuple[int, int, int]]) -> list[bytes]:
    """Accepts every command; ADC and queue as asked for."""
    kind, number, what = asked[0], asked[1], int.from_bytes(asked[2:4], "little") >> 1
    if kind != 0x0C:
        return [bytes((0x05, number, 0, 0))]
    if what == 1:
        return [
            frames.km003c_adc(number - 1, 1, 1, 1),
            frames.km003c_adc(number, 5082000, -200500, 3200),
        ]
    return [frames.km003c_queue(number, samples)]


def test_a_km003c_answers_one_question_after_the_other() -> None:
    with far_end(lambda asked: km003c(asked, []), whole=True) as line:
        meter = open_km003c(line, TICKS())
        found = scaled(meter, meter.read(timeout_s=5))
    assert found == pytest.approx([5.082, -0.2005, 5.082 * -0.2005, 25.0])


def test_the_queue_of_a_km003c_shows_what_it_lost_and_what_it_repeated() -> None:
    ticks = [65530, 65531, 65531, 65535, 2, 3]
    samples = [(tick, 5_000_000 + n, 1_000_000) for n, tick in enumerate(ticks)]
    with far_end(lambda asked: km003c(asked, samples), whole=True) as line:
        meter = Km003cQueue(line, TICKS())
        meter.begin()
        block = meter.read(timeout_s=5)
        meter.end()
    assert block is not None
    assert [(first, count) for first, count, _ in block.lost] == [(2, 3), (6, 2)]
    assert block.values["km003c.voltage"] == pytest.approx(
        [5.0, 5.000001, 5.000003, 5.000004, 5.000005]
    )
    assert [gap.reason for gap in block.gaps] == ["repeated: 1 samples"]


def test_a_queue_that_is_empty_or_lies_about_its_length_gives_no_samples() -> None:
    with far_end(lambda asked: km003c(asked, []), whole=True) as line:
        meter = Km003cQueue(line, TICKS())
        meter.begin()
        assert meter.read(timeout_s=5) is None

    def liar(asked: bytes) -> list[bytes]:
        return [part[:-3] if asked[0] == 0x0C else part for part in km003c(asked, [(1, 1, 1)])]

    with far_end(liar, whole=True) as line:
        meter = Km003cQueue(line, TICKS())
        meter.begin()
        block = meter.read(timeout_s=5)
    assert block is not None
    assert not len(block.values["km003c.voltage"])
    assert [gap.reason.split(":")[0] for gap in block.gaps] == ["wrong-answer"]


class AvhzyEnd:
    """Answers each command; sends its samples after the start command."""

    def __init__(self, samples: list[tuple[float, float, int]], junk: bytes = b"") -> None:
        self.samples, self.junk = samples, junk

    def __call__(self, heard: bytes) -> list[bytes]:
        found = []
        while heard:
            size = 7 + int.from_bytes(heard[1:5], "little")
            payload, heard = heard[5 : size - 2], heard[size:]
            found.append(frames.avhzy_frame(bytes((4, 0, payload[2], 0x80))))
            if payload[1] == 9:
                assert payload[4:] == struct.pack("<I", 1)
                found += [self.junk] if self.junk else []
                found += [frames.avhzy_sample(payload[2], *sample) for sample in self.samples]
        return found


def blocks(meter: Avhzy, known: int) -> list[Block]:
    """Until so many samples have come or are known to be lost."""
    found: list[Block] = []
    name = meter.describe()[0].name
    while known > sum(len(b.values[name]) + sum(c for _, c, _ in b.lost) for b in found):
        block = meter.read(timeout_s=5)
        assert block is not None
        found.append(block)
    return found


def test_an_avhzy_stamps_and_numbers_by_its_own_clock() -> None:
    samples = [(5.0, -1.0, 7_000_000 + 1000 * n) for n in range(300) if not 100 <= n < 110]
    with far_end(AvhzyEnd(samples)) as line:
        meter = Avhzy(line, TICKS())
        meter.begin()
        found = blocks(meter, 300)
    assert [entry[:2] for b in found for entry in b.lost] == [(100, 10)]
    power = np.concatenate([b.values["avhzy.power"] for b in found])
    assert power == pytest.approx([-5.0] * 290)
    own = np.concatenate([b.own_ns for b in found if b.own_ns is not None])
    assert own[0] == 7_000_000_000
    assert own[-1] - own[0] == 299_000_000


def test_an_avhzy_that_talks_rubbish_in_between_is_understood_again() -> None:
    samples = [(5.0, 1.0, 1000), (math.nan, 1.0, 2000), (5.0, 900.0, 3000), (5.0, 1.0, 2500)]
    junk = b"\xa5\xff\xff\xff\xff" + frames.avhzy_frame(b"\x04\x00\x63\x00nobody asked")
    broken = frames.avhzy_frame(b"\x04\x00")[:-1] + b"\x00"
    with far_end(AvhzyEnd(samples, junk + broken)) as line:
        meter = Avhzy(line, TICKS())
        meter.begin()
        found = blocks(meter, 4)
    lost = [(first, why.split(":")[0]) for b in found for first, _, why in b.lost]
    assert lost == [(1, "not-a-number"), (2, "overrange")]
    told = {gap.reason.split(":")[0] for b in found for gap in b.gaps}
    assert told == {"bad-frame", "own-clock-back"}


def test_an_avhzy_that_does_not_answer_is_refused() -> None:
    with far_end(lambda _: []) as line:
        meter = Avhzy(line, TICKS())
        with pytest.raises(MeterError, match="did not answer"):
            meter.begin()


def test_a_fnirsi_report_is_four_samples_and_a_torn_one_four_lost() -> None:
    good = frames.fnirsi_report([(512345, 123456, 251)] * 4)
    torn = good[:30] + b"\x00" + good[31:]
    starts = itertools.count()

    def answer(heard: bytes) -> list[bytes]:
        assert len(heard) == 64
        other = frames.fnirsi_report([], kind=3)
        return [other, torn, good] if next(starts) == 2 else []

    with far_end(answer, whole=True) as line:
        meter = Fnirsi(line, TICKS())
        meter.begin()
        found = [meter.read(timeout_s=5) for _ in range(3)]
    assert found[0] is None
    assert found[1] is not None
    assert [entry[:2] for entry in found[1].lost] == [(0, 4)]
    assert found[2] is not None
    assert found[2].first == 4
    assert found[2].values["fnb58.voltage"] == pytest.approx([5.12345] * 4)
    assert {channel.scale for channel in meter.describe()} == {1.0}
    assert found[2].values["fnb58.power"] == pytest.approx([5.12345 * 1.23456] * 4)
    assert found[2].values["fnb58.inside.temperature"] == pytest.approx([25.1] * 4)


@given(st.binary(max_size=300))
def test_no_bytes_make_an_avhzy_fail_otherwise_than_by_its_own_error(noise: bytes) -> None:
    with far_end(lambda _: [noise] if noise else []) as line:
        meter = Avhzy(line, TICKS())
        line.send(b"x")
        block = meter.read(timeout_s=0.02)
    assert block is None or not len(block.values["avhzy.voltage"])
