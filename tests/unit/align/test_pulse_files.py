"""Load patterns of a run folder: read as hostile files, and judged with its meters."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.spool import Column, SpoolWriter
from host.align.meters import Metered
from host.align.pulse_files import judged, played_in
from host.errors import FolderError
from host.handover.plan import PulsePlan
from host.run.pulses import COLUMNS
from tests.fakes.pulse_bench import patterns, series

CLOCK = "monotonic_raw@boot"
Row = tuple[int, int, int, int]


def write(data: Path, rows: list[Row], name: str = "pulses-before-001") -> None:
    columns = [Column(c.name, c.unit) for c in COLUMNS]
    writer = SpoolWriter(data / f"{name}.tsv", name, CLOCK, columns)
    writer.extend([tuple(str(v) for v in row) for row in rows])
    writer.close()


def test_processes_that_do_not_begin_together_make_steps(tmp_path: Path) -> None:
    write(
        tmp_path,
        [
            *((0, 0, 0, 10), (0, 1, 10, 20), (0, 0, 20, 40)),
            *((1, 0, 5, 12), (1, 1, 12, 21), (1, 0, 21, 39)),
        ],
    )
    ((found,), clocks, faults) = played_in(tmp_path)
    assert (found.name, clocks) == ("before-001", frozenset({CLOCK}))
    assert not faults
    assert found.t_ns.tolist() == [5, 10, 12, 20, 21, 39]
    assert found.load.tolist() == [0, 0.5, 1, 0.5, 0]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(0, 2, 0, 10)],
        [(0, -1, 0, 10)],
        [(0, 1, 10, 0)],
        [(0, 1, 0, 0)],
        [(0, 1, 0, 10), (1, 1, 20, 30)],
        [(0, 1, 0, 1 << 70)],
    ],
)
def test_a_file_that_is_no_pattern_is_refused_with_its_name(
    tmp_path: Path, rows: list[Row]
) -> None:
    write(tmp_path, rows)
    with pytest.raises(FolderError, match=r"pulses-before-001\.tsv"):
        played_in(tmp_path)


def test_a_plan_without_pulses_voids_no_meter_and_says_that_none_was_judged(
    tmp_path: Path,
) -> None:
    metered = Metered((series(patterns()),))
    found, (check_of,), faults = judged(tmp_path, metered, None, CLOCK, 0)
    assert (found, faults) == (metered, ())
    assert (check_of.verdict, check_of.reason) == ("not-judged", "not-asked")


def test_a_plan_whose_pulses_were_never_played_judges_nobody(tmp_path: Path) -> None:
    metered = Metered((series(patterns()),))
    plan = PulsePlan(words=2, bit_s=0.2, least_step_w=3.0)
    _, (found,), _ = judged(tmp_path, metered, plan, CLOCK, 0)
    assert (found.verdict, found.reason) == ("not-judged", "not-played")


def test_a_damaged_line_of_a_pattern_is_a_fault_of_its_file(tmp_path: Path) -> None:
    write(tmp_path, [(0, 0, 0, 10), (0, 1, 10, 20), (0, 0, 20, 30)])
    path = tmp_path / "pulses-before-001.tsv"
    path.write_bytes(path.read_bytes()[:-3])
    _, _, faults = played_in(tmp_path)
    assert [(f.file, f.fault) for f in faults] == [("data/pulses-before-001.tsv", "torn")]
