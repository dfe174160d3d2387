from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from collectors.meters.ppk2 import Ppk2, Wanted
from collectors.meters.ppk2_words import WordStream, steps
from collectors.meters.protocol import Block, MeterError
from tests.fakes.clock import SteppingClock
from tests.fakes.meters.far_lines import FdLine
from tests.fakes.meters.ppk2_end import Ppk2End, amperes, ppk2_end, stream, word

SOURCE = Wanted("source", 3300, power=True)


@contextmanager
def opened(end: Ppk2End, wanted: Wanted = SOURCE) -> Iterator[Ppk2]:
    with ppk2_end(end) as path:
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            yield Ppk2(FdLine(fd, "serial:ppk2"), SteppingClock(), wanted)
        finally:
            os.close(fd)


def taken(meter: Ppk2, samples: int) -> list[Block]:
    """Blocks until so many samples have come or are known to be lost."""
    blocks: list[Block] = []
    known = 0
    while known < samples:
        block = meter.read(timeout_s=5)
        assert block is not None
        blocks.append(block)
        known += len(block.values["ppk2.adc"]) + sum(count for _, count, _ in block.lost)
    return blocks


def joined(blocks: list[Block], name: str) -> np.ndarray:
    return np.concatenate([block.values[name] for block in blocks])


def test_currents_are_what_nordics_formula_makes_of_the_words() -> None:
    told = [(100 + 3 * n, n // 20) for n in range(100)]
    end = Ppk2End(stream([word(a, r, n, logic=n % 2) for n, (a, r) in enumerate(told)]))
    with opened(end) as meter:
        settings = {s.name: s for s in meter.begin()}
        blocks = taken(meter, 100)
    wanted = [amperes(adc, at, 3.3) for adc, at in told]
    assert joined(blocks, "ppk2.current") == pytest.approx(wanted, rel=1e-6, abs=1e-12)
    assert joined(blocks, "ppk2.power") == pytest.approx([3.3 * a for a in wanted], rel=1e-6)
    assert list(joined(blocks, "ppk2.logic")) == [n % 2 for n in range(100)]
    assert (settings["VDD"].found, settings["mode"].found) == ("3300", "2")
    assert settings["R2"].found == "10.302700000"
    assert sum("range-switch" in gap.reason for b in blocks for gap in b.gaps) >= 1


def test_nordics_other_client_understands_our_double() -> None:
    import ppk2_api.ppk2_api as other

    end = Ppk2End(stream([word(500, 2, n) for n in range(64)]))
    with ppk2_end(end) as path:
        client = other.PPK2_API(path, timeout=1, write_timeout=1)
        try:
            assert client.get_modifiers()
            client.use_source_meter()
            client.set_source_voltage(3300)
            client.toggle_DUT_power("ON")
            client.start_measuring()
            client.ser.timeout = 5
            samples, _ = client.get_samples(client.ser.read(64 * 4))
            client.stop_measuring()
        finally:
            client.ser.close()
    assert samples == pytest.approx([amperes(500, 2, 3.3) * 1e6] * 64, rel=1e-6)
    commands = [b"\x19", b"\x11\x02", b"\x0d\x0c\xe4", b"\x0c\x01", b"\x06"]
    assert end.heard[:5] == commands


def test_lost_samples_are_counted_by_the_six_bit_counter() -> None:
    numbers = [n for n in range(200) if not 50 <= n < 57 and n != 120]
    end = Ppk2End(stream([word(n, 1, n) for n in numbers]))
    with opened(end) as meter:
        meter.begin()
        blocks = taken(meter, 200)
    lost = [(first, count) for b in blocks for first, count, _ in b.lost]
    assert lost == [(50, 7), (120, 1)]
    assert [int(a) // 4 for a in joined(blocks, "ppk2.adc")] == numbers


def test_bytes_that_were_lost_cost_a_few_samples_and_no_wrong_one() -> None:
    data = bytearray(stream([word(n, 1, n, logic=n % 7) for n in range(400)]))
    del data[4 * 150 + 1 : 4 * 150 + 3]  # two bytes out of the middle of a word
    end = Ppk2End(bytes(data))
    with opened(end) as meter:
        meter.begin()
        blocks = taken(meter, 400)
    adc = joined(blocks, "ppk2.adc") / 4
    lost = [n for b in blocks for first, count, _ in b.lost for n in range(first, first + count)]
    assert sorted([*adc.astype(int), *lost]) == list(range(400))
    assert 150 in lost
    assert len(lost) <= 20
    assert any("torn" in gap.reason for b in blocks for gap in b.gaps)


def test_words_come_out_the_same_however_the_bytes_are_cut() -> None:
    data = stream([word(n % 4000, 0, n) for n in range(520) if n % 97])
    whole = WordStream().feed(data)
    cut = WordStream()
    parts = [cut.feed(data[at : at + 7]) for at in range(0, len(data), 7)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert list(np.flatnonzero(steps(whole, None) > 1)) == [96, 192, 288, 384, 480]
    assert len(whole) == len(data) // 4


def test_more_than_it_can_measure_and_a_range_that_is_none_are_lost_with_their_reason() -> None:
    told = [(100, 1), (0x3FFF, 4), (100, 1), (100, 6), (100, 1)] + [(100, 1)] * 20
    end = Ppk2End(stream([word(a, r, n) for n, (a, r) in enumerate(told)]))
    with opened(end) as meter:
        meter.begin()
        blocks = taken(meter, len(told))
    lost = [entry for b in blocks for entry in b.lost]
    assert [(first, count) for first, count, _ in lost] == [(1, 1), (3, 1)]
    assert lost[0][2] == "overrange: ppk2.current"
    assert lost[1][2] == "overrange: ppk2.range"
    assert len(joined(blocks, "ppk2.current")) == len(told) - 2


def test_noise_gives_no_samples() -> None:
    assert len(WordStream().feed(bytes([0x55, 0x12, 0x00, 0xFE]) * 500)) == 0


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (Ppk2End(tells={"R0": "nan"}), "'nan' for R0"),
        (Ppk2End(tells={"GS3": "soup"}), "'soup' for GS3"),
        (Ppk2End(deaf_to=frozenset({0x0D})), "VDD was set to 3300, and is 3700"),
    ],
)
def test_what_it_tells_wrongly_is_refused(end: Ppk2End, words: str) -> None:
    with pytest.raises(MeterError, match=words), opened(end) as meter:
        meter.begin()


def test_a_resistance_of_zero_is_replaced_by_nordics_default_and_says_so() -> None:
    with opened(Ppk2End(tells={"R3": "0"})) as meter:
        settings = {s.name: s.found for s in meter.begin()}
    assert settings["R3"] == "0.94, by default: it says '0'"


def test_it_is_left_stopped_and_the_device_without_power() -> None:
    end = Ppk2End()
    with opened(end) as meter:
        meter.begin()
        meter.end()
        meter.end()
        meter.begin()  # is answered, and so the others were heard
    heard = end.heard[end.heard.index(b"\x06") + 1 :]
    assert heard[:3] == [b"\x07", b"\x0c\x00", b"\x11\x02"]


def test_a_hundred_thousand_samples_come_through_without_loss() -> None:
    count = 100_000
    numbers = np.arange(count, dtype=np.uint32)
    end = Ppk2End(((numbers % 0x3FFF) | 1 << 14 | (numbers % 64) << 18).astype("<u4").tobytes())
    with opened(end) as meter:
        meter.begin()
        blocks = taken(meter, count)
    assert not [entry for b in blocks for entry in b.lost]
    assert np.array_equal(joined(blocks, "ppk2.adc"), (numbers % 0x3FFF) * 4.0)
