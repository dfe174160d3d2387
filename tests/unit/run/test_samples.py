"""What is kept of meters that send by themselves, and what a run folder makes of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.spool import line
from collectors.meters.layout import Layout, told
from collectors.meters.protocol import Block
from host.align.fit import align, bracket
from host.align.meters import Metered, meters_in
from host.errors import FolderError
from host.handover.trace import Series, Window
from host.run.folder import write_json
from host.run.meters import SampleSink
from host.run.samples import SampleWriter
from tests.fakes.clock import ScriptedClock, SteppingClock
from tests.fakes.meters.fast_ends import fast_meter

S, MS = 1_000_000_000, 1_000_000
ALL = Window(0, 10 * S)
CHANNELS = [
    {"name": "meter.m.power", "unit": "W", "kind": "instant", "quantity": "power", "tier": "A-"}
]


def kept(data: Path, kind: str, takes: int) -> Path:
    """The recording of a meter of this kind, made by so many takes."""
    place = data / "meters" / "m" / "1"
    place.mkdir(parents=True)
    # Each look at the clock is 10 ms after the one before it.
    clock = SteppingClock(S, 10 * MS)
    with fast_meter(kind, clock, "meter.m") as meter:
        meter.begin()
        sink = SampleSink(meter, place, "m", clock)
        for _ in range(takes):
            sink.take()
        streams = sink.close()
        meter.end()
    channels = [asdict(c) for c in sink.channels]
    write_json(place / "meter.json", {"channels": channels, **sink.about})
    ends = [{"stream": s.stream, "lines": s.lines, "size_bytes": s.size_bytes} for s in streams]
    write_json(place / "end.json", {"streams": ends})
    return place


def power(metered: Metered) -> Series:
    return next(s for s in metered.beside(ALL) if s.quantity == "power")


@pytest.mark.parametrize(
    ("kind", "takes", "least", "watt", "rule"),
    [
        ("avhzy", 8, 10, 5.0, "instant"),
        ("fnirsi", 3, 12, 5.0, "average"),
        ("km003c", 3, 30, 5.0, "instant"),
        # Five samples are a reading of 1 ms. 4 V, and 12000 of the fine path of 36.5 mA at 60000.
        ("monsoon", 6, 2, 4.0 * 36.5e-3 * (12000 - 2015) / (60000 - 2015), "average"),
        # A hundred samples are a reading; 900 of 16383 in the range up to 1 A.
        ("ppk2", 2, 5, None, "average"),
    ],
)
def test_a_run_folder_gives_back_what_each_fast_meter_sent(
    tmp_path: Path, kind: str, takes: int, least: int, watt: float | None, rule: str
) -> None:
    place = kept(tmp_path, kind, takes)
    metered = meters_in(tmp_path, None, same_clock=True)
    assert metered.faults == ()
    series = power(metered)
    assert (series.kind, series.unit) == (rule, "W")
    # FNIRSI's reports have no number, and its meter smooths.
    assert series.each_new == (kind != "fnirsi")
    assert len(series.values) >= least
    assert np.ptp(series.values) < 1e-9
    if watt is not None:
        assert series.values[0] == pytest.approx(watt, rel=1e-3)
    assert (np.diff(series.t_ns) > 0).all()
    assert (place / "samples-m.bin").stat().st_size > 0


def test_what_an_instrument_skipped_by_its_own_clock_is_a_gap_at_its_place(tmp_path: Path) -> None:
    kept(tmp_path, "avhzy", 4)
    series = power(meters_in(tmp_path, None, same_clock=True))
    (gap,) = (g for g in series.gaps if g.reason.startswith("lost"))
    assert "(10 samples, 0.01 s)" in gap.reason
    steps = np.diff(series.t_ns)
    widest = int(np.argmax(steps))
    assert steps[widest] == pytest.approx(11 * MS, rel=0.05)
    # Times of a series are middles of stamps; the gap stands at the last sample before it.
    assert series.t0_ns[widest] <= gap.t_ns <= series.t1_ns[widest]


def written(data: Path, blocks: list[Block], **over: Any) -> Path:  # noqa: ANN401
    """A recording of these blocks at 1 kHz, as one that was cut off leaves it: without an end."""
    layout = Layout((("meter.m.power", "<f8"),), 1000.0, ("meter.m.power",), **over)
    place = data / "meters" / "m" / "1"
    place.mkdir(parents=True)
    writer = SampleWriter(place, "m", layout, ScriptedClock([0]))
    for block in blocks:
        writer.add(block)
    writer.close()
    write_json(place / "meter.json", {"channels": CHANNELS, "samples": told(layout)})
    return place


def steady(first: int, count: int, late_ns: int = 0, **over: Any) -> Block:  # noqa: ANN401
    """Samples of a millisecond each, 2 W, the last of them having come so late."""
    received_ns = S + (first + count) * MS + late_ns
    return Block(first, received_ns, {"meter.m.power": np.full(count, 2.0)}, **over)


HUNDRED = [steady(n, 100) for n in range(0, 1000, 100)]


def test_after_a_kill_every_whole_row_that_a_line_speaks_of_is_read(tmp_path: Path) -> None:
    place = written(tmp_path, HUNDRED)
    with (place / "samples-m.bin").open("ab") as file:
        file.write(bytes(8 * 20 + 3))
    lines = place / "blocks-m.tsv"
    lines.write_bytes(lines.read_bytes() + b"10\t1000")
    metered = meters_in(tmp_path, None, same_clock=True)
    assert len(power(metered).values) == 1000
    told_faults = [(f.file.rpartition("/")[2], f.fault) for f in metered.faults]
    assert told_faults == [("blocks-m.tsv", "torn"), ("samples-m.bin", "torn")]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8 * 450] ^= 1
    path.write_bytes(data)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 8 * 450])


@pytest.mark.parametrize("damage", [flip, shorten])
def test_rows_that_are_not_as_they_were_written_are_a_fault_and_end_the_recording(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    damage(written(tmp_path, HUNDRED) / "samples-m.bin")
    metered = meters_in(tmp_path, None, same_clock=True)
    assert [(f.file.rpartition("/")[2], f.line, f.fault) for f in metered.faults] == [
        ("samples-m.bin", 400, "crc")
    ]
    assert len(power(metered).values) == 400


def test_a_file_that_is_not_as_long_as_was_stated_is_a_fault(tmp_path: Path) -> None:
    place = kept(tmp_path, "fnirsi", 3)
    end = json.loads((place / "end.json").read_bytes())
    end["streams"][0]["size_bytes"] += 1
    write_json(place / "end.json", end)
    found = meters_in(tmp_path, None, same_clock=True).faults
    assert [(f.file.rpartition("/")[2], f.fault) for f in found] == [("samples-m.bin", "count")]


@pytest.mark.parametrize(
    "change",
    [
        {"rate_hz": 0},
        {"rate_hz": 1e300},
        {"rate_hz": "fast"},
        {"hides": -1},
        {"columns": []},
        {"columns": [["meter.m.power", "<O8"]]},
        {"columns": [["meter.m.power", "<f8"], ["meter.m.power", "<f8"]]},
        {"columns": "meter.m.power"},
        {"columns": [["meter.m.power", "<u4"]]},
        {"gives": ["meter.m.power", "another"]},
        {"coding": "pickle"},
        {"coding": "ppk2"},
        {"parameters": 3},
    ],
)
def test_rows_that_are_described_in_an_odd_way_are_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    place = written(tmp_path, HUNDRED)
    said = json.loads((place / "meter.json").read_bytes())
    write_json(place / "meter.json", {**said, "samples": {**said["samples"], **change}})
    with pytest.raises(FolderError, match="is no recording of a meter"):
        meters_in(tmp_path, None, same_clock=True)


@pytest.mark.parametrize(
    "change",
    [
        {"averaging_s": "long"},
        {"unit": "furlong"},
        {"resolution": []},
        {"name": "another"},
    ],
)
def test_channels_that_are_odd_are_refused_in_a_sentence(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    place = written(tmp_path, HUNDRED)
    said = json.loads((place / "meter.json").read_bytes())
    write_json(place / "meter.json", {**said, "channels": [{**said["channels"][0], **change}]})
    with pytest.raises(FolderError, match="is no recording of a meter"):
        meters_in(tmp_path, None, same_clock=True)


FIELDS = ["1100", "1100", "99", "0", "100", "0", "[]", "[]"]


@given(
    st.lists(st.tuples(st.integers(0, 7), st.text('0123456789[]-,"e', max_size=60)), max_size=3)
)
@settings(max_examples=25)
@example([(2, "9" * 400)])
@example([(6, "[" * 100_000)])
@example([(7, '[[-1,""]]')])
def test_no_line_of_blocks_fails_otherwise_than_in_a_sentence(
    changes: list[tuple[int, str]],
) -> None:
    fields = list(FIELDS)
    for at, text in changes:
        fields[at] = text
    with tempfile.TemporaryDirectory() as folder:
        place = written(Path(folder), HUNDRED)
        lines = place / "blocks-m.tsv"
        head = lines.read_bytes().partition(b"\n")[0]
        lines.write_bytes(head + b"\n" + line(0, fields))
        try:
            power(meters_in(Path(folder), None, same_clock=True))
        except (FolderError, StopIteration):
            return


def test_a_full_disk_leaves_whole_rows(tmp_path: Path) -> None:
    # A file may grow to 1000 bytes: the last row of 16 bytes finds no room for its second half.
    story = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from host.run.samples import RowWriter\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "writer = RowWriter(Path(sys.argv[1]), 16)\n"
        "writer.append(bytes(16 * 60))\n"
        "try:\n"
        "    writer.append(bytes(16 * 4))\n"
        "except OSError as err:\n"
        "    sys.stdout.write(f'{err.strerror}; {writer.close().lines}')\n"
    )
    path = tmp_path / "samples-m.bin"
    argv = [sys.executable, "-c", story, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stdout == "short write of 40 of 64 bytes; 62"
    assert path.stat().st_size == 62 * 16


def test_losses_that_do_not_fit_the_rows_are_refused(tmp_path: Path) -> None:
    lost = ((200, 5, "lost: so it says"),)
    written(tmp_path, [*HUNDRED[:2], steady(200, 100, lost=lost), *HUNDRED[3:]])
    with pytest.raises(FolderError, match="is no recording of a meter"):
        meters_in(tmp_path, None, same_clock=True)


def test_a_recording_comes_onto_the_device_clock(tmp_path: Path) -> None:
    written(tmp_path, HUNDRED)
    sets = [
        bracket(np.array([[at, at + 100 * S, at + 100 * S, at]], dtype=np.int64))
        for at in (0, 20 * S)
    ]
    metered = meters_in(tmp_path, align(sets), same_clock=False)
    (series,) = metered.beside(Window(101 * S, 102 * S))
    # The first sample came at 1.1 s with 99 after it: it was taken near 1.001 s of the host.
    assert series.t1_ns[0] == 101 * S + MS
    assert meters_in(tmp_path, None, same_clock=False).beside(ALL) == ()
    shutil.rmtree(tmp_path / "meters")
    assert meters_in(tmp_path, align(sets), same_clock=False).beside(ALL) == ()


def test_a_report_that_never_came_shows_in_the_arrivals_of_all_later_ones(tmp_path: Path) -> None:
    # 200 samples vanish after the first second; no number of the instrument tells it.
    early = [steady(n, 4) for n in range(0, 1000, 4)]
    after = [
        Block(n, S + (n + 4 + 200) * MS, {"meter.m.power": np.full(4, 2.0)})
        for n in range(1000, 3000, 4)
    ]
    written(tmp_path, [*early, *after], hides=4)
    metered = meters_in(tmp_path, None, same_clock=True)
    (recording,) = metered.recordings
    ((at, count, _),) = recording.blocks.lost
    assert (950 < at <= 1000, count) == (True, 200)  # to the line of 50 ms that it is in
    assert int(np.diff(power(metered).t_ns).max()) == 201 * MS
