from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from host.cli.compare_text import notes_of, show
from host.compare.run import Comparison, compare
from host.handover.record import Record
from host.pipeline.compare import Compared
from tests.fakes.compared import quantity, record, with_settings

FAST, SLOW = quantity([100.0, 101.0, 102.0]), quantity([50.0, 51.0, 52.0])
LOAD = {"id": "load_time@1/mean", "measurand_id": "load_time@1", "unit": "s"}


def printed(*records: Record, width: int = 140) -> str:
    made = compare(records)
    file = io.StringIO()
    console = Console(file=file, width=width, markup=False, highlight=False)
    paths = tuple(Path(f"{side.label}.json") for side in made.sides)
    show(console, Compared(paths, made.sides, made))
    return file.getvalue()


def said(comparison: Comparison) -> str:
    return " ".join(text.en for text in notes_of(comparison))


@pytest.mark.parametrize("width", [24, 40, 69, 80, 140])
def test_no_width_loses_a_digit(width: int) -> None:
    shown = printed(record(SLOW), record(FAST, run="b"), width=width)
    for text in ("51.0 ± 2.5", "101.0 ± 2.5", "50.0 ± 2.3"):
        assert text in shown


def test_three_records_are_each_laid_beside_the_first() -> None:
    third = record(quantity([60.0, 61.0, 62.0]), run="c")
    shown = printed(record(SLOW), record(FAST, run="b"), third)
    assert "B - A" in shown
    assert "C - A" in shown
    assert "[A, B] decode rate: B is faster" in shown
    assert "[A, C] decode rate: C is faster" in shown


def test_values_of_both_are_in_one_unit() -> None:
    a, b = quantity([0.2, 0.21, 0.22], **LOAD), quantity([3.0, 3.1, 3.2], **LOAD)
    shown = printed(record(a), record(b, run="b"))
    assert "210 ± 25" in shown
    assert "3100 ± 250" in shown


def test_a_difference_between_runs_of_one_thing_is_named_as_such() -> None:
    one = compare([record(SLOW), record(FAST, run="b")])
    other = compare([record(SLOW), record(FAST, run="b", runtime={"kind": "other"})])
    assert "variation between runs" in said(one)
    assert "variation between runs" not in said(other)


def test_what_refuses_stands_before_the_table() -> None:
    b = with_settings(record(FAST, run="b"), tokenizer_sha256="9" * 64)
    byte_rate = {"id": "output_byte_rate@1/mean", "measurand_id": "output_byte_rate@1"}
    rows = [quantity([4.0, 4.1], unit="By/s", **byte_rate) for _ in range(2)]
    a = record(SLOW, rows[0])
    b = with_settings(record(FAST, rows[1], run="b"), tokenizer_sha256="9" * 64)
    shown = printed(a, b)
    assert shown.startswith("部分可比 Comparable in part")
    assert shown.index("tokenizer") < shown.index("量 quantity")
    assert "不比较 refused (tokenizer)" in shown
