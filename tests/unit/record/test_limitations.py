from dataclasses import replace
from math import inf

import msgspec
import pytest

from host.handover.budget import Input, Row
from host.handover.formal import CertificateField, EquipmentField
from host.handover.result import Result
from host.handover.text import Txt
from host.record.limitations import QUANTILES, TYPE_A, UNTRACED, limitations_of
from host.record.traceability import traceability_of
from tests.fakes.records import sample_record
from tests.unit.record.test_budgets import BUDGET, RESULT

RECORD = sample_record(2)
WITH_U = next(q for q in RECORD.results if q.uncertainty_status == "partly_evaluated")
WHOLE = msgspec.structs.replace(
    WITH_U, uncertainty_status="evaluated", open_rows=(), traceability="SI"
)
TEXT = Txt("文", "text")
GAIN = Input("gain", TEXT, TEXT, "B", "normal", 1.0, "1", 0.01, inf, TEXT, equipment_ref="meter")
CERTIFICATE = CertificateField(
    "hwmon.board.power",
    "C-1",
    "lab",
    "L0001",
    "2025-06-01",
    "2026-06-01",
    "c" * 64,
    in_validity=True,
    in_range=True,
)


def meter(certificate: CertificateField = CERTIFICATE) -> EquipmentField:
    return EquipmentField(
        "meter", "power", "x", "y", "1", "2", "here", ("p",), (certificate,), "A"
    )


def test_a_whole_and_traceable_result_has_no_limitations() -> None:
    assert limitations_of([WHOLE], []) == Txt("", "")


def test_open_rows_are_named_once_in_both_languages() -> None:
    other = msgspec.structs.replace(WITH_U, open_rows=("agent", "gain"), traceability="SI")
    mine = msgspec.structs.replace(WITH_U, open_rows=("agent",), traceability="SI")
    found = limitations_of([mine, other], [])
    assert found.en == (
        "Results whose U leaves out rows of the budget that are not evaluated: 2 (agent, gain)."
    )
    assert found.zh == "2 个结果的 U 不含未评定的预算项：agent、gain。"


def test_type_a_alone_is_said_only_where_it_is_so() -> None:
    alone = msgspec.structs.replace(WHOLE, uncertainty_status="type_a_only")
    assert TYPE_A.en in limitations_of([WHOLE], [alone]).en
    assert "Type A" not in limitations_of([WHOLE], []).en


def test_results_without_evaluation_are_counted() -> None:
    bare = msgspec.structs.replace(WHOLE, uncertainty_status="not_evaluated", interval=None)
    assert "without an evaluation of uncertainty: 1." in limitations_of([bare, WHOLE], []).en


def test_what_has_no_value_limits_nothing() -> None:
    missing = msgspec.structs.replace(
        WHOLE, value=None, uncertainty_status="not_evaluated", traceability="none"
    )
    assert limitations_of([missing], []) == Txt("", "")


def test_the_sample_says_that_it_is_untraced_and_what_quantiles_take_for_granted() -> None:
    assert UNTRACED.zh in RECORD.limitations.zh
    assert QUANTILES.en in RECORD.limitations.en


def measured(gain: Input = GAIN, share: float = 0.9) -> Result:
    rows = (Row(gain, 1.0, 0.01, share), *BUDGET.rows[:2])
    return replace(RESULT, budget=replace(BUDGET, rows=rows))


def small_rest(result: Result) -> Result:
    assert result.budget is not None
    rows = tuple(replace(r, share=0.01) if r.input.symbol == "rate" else r
                 for r in result.budget.rows)  # fmt: skip
    return replace(result, budget=replace(result.budget, rows=rows))


def test_si_is_earned_when_every_large_term_has_a_good_certificate() -> None:
    assert traceability_of(small_rest(measured()), [meter()]) == "SI"


@pytest.mark.parametrize(
    "change",
    [
        {"in_validity": False},
        {"in_range": False},
        {"in_range": None},
        {"accreditation": ""},
        {"number": ""},
        {"issuer": ""},
    ],
)
def test_si_is_not_earned_by_a_certificate_with_a_flaw(change: dict[str, object]) -> None:
    flawed = msgspec.structs.replace(CERTIFICATE, **change)
    assert traceability_of(small_rest(measured()), [meter(flawed)]) == "none"


def test_si_is_not_earned_without_the_instrument() -> None:
    assert traceability_of(small_rest(measured()), []) == "none"


def test_si_is_not_earned_when_another_large_term_has_no_certificate() -> None:
    assert traceability_of(measured(), [meter()]) == "none"


def test_si_is_not_earned_when_a_row_is_open_or_there_is_no_u() -> None:
    base = small_rest(measured())
    assert base.budget is not None
    rows = (*base.budget.rows, BUDGET.rows[2])
    assert traceability_of(replace(base, budget=replace(base.budget, rows=rows)), [meter()]) == (
        "none"
    )
    without = replace(base.budget, U=None)
    assert traceability_of(replace(base, budget=without), [meter()]) == "none"


def test_si_is_not_earned_by_repeatability_alone() -> None:
    only = replace(RESULT, budget=replace(BUDGET, rows=BUDGET.rows[:1]))
    assert traceability_of(only, [meter()]) == "none"
