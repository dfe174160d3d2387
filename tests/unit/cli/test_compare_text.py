from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from host.cli.compare_notes import notes_of
from host.cli.compare_text import show
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


def test_streams_at_once_are_compared_step_by_step_in_the_verdict() -> None:
    step = {"id": "system_rate@1/mean/streams=4", "measurand_id": "system_rate@1"}
    slow, fast = (
        quantity(v, scope="streams=4", **step) for v in ([50.0, 51.0, 52.0], [100.0, 101.0, 102.0])
    )
    shown = printed(record(slow), record(fast, run="b"))
    assert "(streams=4): B is faster" in shown


def test_values_of_both_are_in_one_unit() -> None:
    a, b = quantity([0.2, 0.21, 0.22], **LOAD), quantity([3.0, 3.1, 3.2], **LOAD)
    shown = printed(record(a), record(b, run="b"))
    assert "210 ± 25" in shown
    assert "3100 ± 250" in shown


def test_a_difference_between_runs_of_one_thing_is_named_as_such() -> None:
    one = printed(record(SLOW), record(FAST, run="b"))
    other = printed(record(SLOW), record(FAST, run="b", runtime={"kind": "other"}))
    assert one.index("variation between runs") < one.index("B is faster")
    assert "variation between runs" not in other


def test_a_difference_between_specimens_of_one_kind_is_named_as_such() -> None:
    a, b = ({"serial": serial} for serial in ("S-1", "S-2"))
    two = printed(record(SLOW, item=a), record(FAST, run="b", item=b))
    assert "between specimens or between runs" in two
    assert "variation between runs" not in two


def test_results_without_an_interval_are_not_counted_as_compared() -> None:
    shown = printed(record(SLOW), record(quantity([70.0]), run="b"))
    first = shown.splitlines()[0]
    assert "no result allows a verdict" in first
    assert "1 without a verdict" in first
    assert "results compared: 1, showing a difference: 1" in printed(
        record(SLOW), record(FAST, run="b")
    )


def test_the_note_on_a_draft_says_which_record_is_one() -> None:
    a, b = record(SLOW), record(FAST, run="b")
    issued = msgspec.structs.replace(b, status=msgspec.structs.replace(b.status, state="issued"))
    assert "(A draft, B issued)" in said(compare([a, issued]))


def test_two_runs_beside_more_are_said_to_cover_less() -> None:
    few = record(quantity([70.0, 71.0]), run="b")
    assert "B: only two runs" in said(compare([record(SLOW), few]))
    assert "only two runs" not in said(compare([record(SLOW), record(FAST, run="b")]))


def test_clocks_of_two_boots_of_one_device_are_said_to_be_apart() -> None:
    a, b, same = (
        record(result, run=run, item={"machine_id": "m", "boot_id": boot})
        for result, run, boot in ((SLOW, "a", "1"), (FAST, "b", "2"), (FAST, "c", "1"))
    )
    assert "other boots" in said(compare([a, b]))
    unknown = record(FAST, run="d", item={"boot_id": "3"})
    assert "Whether A and B are of one device" in said(
        compare([record(SLOW, item={"boot_id": "1"}), unknown])
    )
    assert "Whether A and B" not in said(compare([a, b]))
    assert "other boots" not in said(compare([a, same]))


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


def test_what_follows_from_one_cause_is_one_block_and_named_in_the_verdict() -> None:
    other = with_settings(record(FAST, run="b"), context_tokens=4096, more_a="1", more_b="2")
    shown = printed(record(SLOW), other)
    assert "not met: the same settings (3)" in shown.splitlines()[0]
    assert shown.count("! settings") == 1
    assert "settings.more_b: A absent | B 2" in shown
