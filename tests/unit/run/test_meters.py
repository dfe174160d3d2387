"""Meters on the bench: what is kept of them, and what a run folder gives back on its clock."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from agent.spool import read_spool
from collectors.meters.protocol import MeterError, Transcript
from collectors.reading import Gap
from host.align.fit import align, bracket
from host.align.meters import beside, meters_in
from host.errors import DeviceError, FolderError
from host.handover.trace import Window
from host.run.meters import Opener, recording
from tests.fakes.bench_meter import BenchMeter, power
from tests.fakes.clock import ScriptedClock
from tests.fakes.shells import until

S = 1_000_000_000
CLOCK = ScriptedClock([0])


def opener(made: list[BenchMeter], refuses: str = "") -> Opener:
    def open_meter(transcript: Transcript) -> BenchMeter:
        made.append(BenchMeter(transcript, refuses=refuses))
        return made[-1]

    return open_meter


def record(data: Path, lost: Exception | None = None) -> None:
    """Four sets of readings, 1 s apart, the third without a power."""
    made: list[BenchMeter] = []
    with recording(data, {"m1": (opener(made), {"driver": "bench"})}, CLOCK) as found:
        made[0].give(*power(10 * S, 4.0))
        made[0].give(*power(11 * S, 5.0))
        made[0].give(Gap("meter.m1.power", 12 * S, "overrange: INF"), power(12 * S, 0.0)[1])
        made[0].give(*power(13 * S, 6.0))
        if lost is not None:
            made[0].lose(lost)
            until("the loss is noticed", lambda: found[0].failed != "")
        until("all is taken", made[0].all_taken)
    assert made[0].closed


def test_everything_of_a_meter_is_kept(tmp_path: Path) -> None:
    record(tmp_path)
    place = tmp_path / "meters/m1/1"
    said = json.loads((place / "meter.json").read_bytes())
    assert said["identity"]["serial"] == "0815"
    assert said["settings"] == [{"name": "range", "wanted": "5 A", "found": "5 A"}]
    assert said["driver"] == "bench"
    words = read_spool((place / "transcript.tsv").read_bytes())
    assert [line.fields for line in words.lines] == [
        ("1", "sent", "*IDN?\\x0a"),
        ("2", "received", "Test,M1,0815,1.0\\x0d\\x0a\\x5c\\xff"),
    ]
    end = json.loads((place / "end.json").read_bytes())
    assert (end["failed"], [s["lines"] for s in end["streams"]]) == ("", [4, 2])


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (MeterError("m1", "the cable is out"), "the cable is out"),
        # The transcript says so, in the middle of a question.
        (OSError(errno.ENOSPC, "No space left"), "what it says cannot be kept: No space left"),
    ],
)
def test_a_meter_that_is_lost_keeps_what_it_gave_and_says_why(
    tmp_path: Path, lost: Exception, words: str
) -> None:
    record(tmp_path, lost)
    end = json.loads((tmp_path / "meters/m1/1/end.json").read_bytes())
    assert end["failed"] == words
    assert end["streams"][0]["lines"] == 4


def test_a_meter_that_refuses_its_settings_is_a_sentence_and_closed(tmp_path: Path) -> None:
    made: list[BenchMeter] = []
    refusing: Mapping[str, str] = {}
    openers = {"m1": (opener(made, "range: wanted 5 A, is 20 A"), refusing)}
    with (
        pytest.raises(DeviceError, match="wanted 5 A, is 20 A"),
        recording(tmp_path, openers, CLOCK),
    ):
        pass
    assert made[0].closed


def test_readings_come_onto_the_device_clock_and_into_their_attempt(tmp_path: Path) -> None:
    record(tmp_path)
    record(tmp_path)
    # The device's clock is 100 s ahead and gains 10 ms in the 20 s of the run.
    sets = [
        bracket(np.array([[at, at + off, at + off, at]], dtype=np.int64))
        for at, off in ((0, 100 * S), (20 * S, 100 * S + 10_000_000))
    ]
    metered = meters_in(tmp_path, align(sets), same_clock=False)
    assert [c["name"] for c in metered.channels] == ["meter.m1.power", "meter.m1.voltage"]
    (power_of, voltage) = beside(metered.series, Window(116 * S, 117 * S))
    assert power_of.tier == "A-"
    # 11 s to 22 s after the start of the host's clock lie within 5 s of the attempt.
    assert power_of.t0_ns.tolist()[0] == 111 * S + 5_500_000
    assert set(power_of.values) == {5.0, 6.0}
    assert [gap.reason for gap in power_of.gaps] == ["overrange: INF"] * 2
    assert len(voltage.values) == 6


def test_a_reading_that_was_changed_is_a_fault(tmp_path: Path) -> None:
    record(tmp_path)
    path = tmp_path / "meters/m1/1/source-m1.tsv"
    path.write_bytes(path.read_bytes().replace(b"\t5.0\t", b"\t4.9\t"))
    found = meters_in(tmp_path, None, same_clock=True).faults
    assert {f.file for f in found} == {"data/meters/m1/1/source-m1.tsv"}
    assert [f.fault for f in found] == ["crc", "sequence", "count"]


HEAD = (
    b'# {"clock":"c","columns":[["tick","1"],["due_ns","ns"],["t0_ns","ns"],["t1_ns","ns"],'
    b'["x","W"]],"spool":1,"stream":"source-m1"}\n'
)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("end.json", b'{"streams": [{"lines": 4}]}'),
        ("end.json", b"[]"),
        ("meter.json", b'{"channels": [1]}'),
        ("source-m1.tsv", b'# {"clock":"c","columns":[["x","ns"]],"spool":1,"stream":"s"}\n'),
        ("source-m1.tsv", HEAD + b"0\t0\t0\t1000000000000000000000\t0\t5.0\t-\n"),
    ],
)
def test_a_folder_that_is_none_of_a_meter_is_refused_in_a_sentence(
    tmp_path: Path, name: str, data: bytes
) -> None:
    record(tmp_path)
    (tmp_path / "meters/m1/1" / name).write_bytes(data)
    with pytest.raises(FolderError, match="is no recording of a meter"):
        meters_in(tmp_path, None, same_clock=True)
