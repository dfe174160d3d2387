"""What is said of readings that came late, and of attempts that are few."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.records import record_of
from tests.fakes.traces import example_run
from tests.unit.record.test_warning import COST, each


def test_sources_whose_readings_come_late_stand_in_one_line_the_worst_first() -> None:
    costs = tuple(replace(COST, source=name, late=late) for name, late in (("a", 5), ("b", 40)))
    record = record_of(each(lambda a: replace(a, costs=costs)))
    (found,) = [w for w in record.warnings if w.code == "late-ticks"]
    assert found.text.en == "Readings late, by source: b 120/300 (40.0%), a 15/300 (5.0%)."
    assert found.text.zh == "迟到的读数，按来源：b 120/300（40.0%），a 15/300（5.0%）。"
    assert (found.number, found.limit) == ("0.4", "0.01")


@pytest.mark.parametrize(("valid", "said"), [(1, "1 valid attempt:"), (2, "2 valid attempts:")])
def test_one_attempt_is_one_and_two_are_some(valid: int, said: str) -> None:
    (found, *_) = record_of(example_run(valid)).warnings
    assert (found.code, found.number) == ("few-attempts", str(valid))
    assert said in found.text.en
