from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.compare.measured import results_of
from host.compare.pairs import Pair
from host.compare.run import compare
from host.errors import UsageError
from host.handover.measurands import MEASURANDS
from host.handover.quantity import BudgetField, Quantity, RowField
from host.handover.record import Record
from host.handover.text import Txt
from host.schema.canonical import identified
from tests.fakes.compared import METER, quantity, record

BOARD = {"serial": "S-1"}


def pair_of(a: Quantity, b: Quantity) -> Pair:
    (made,) = compare([record(a), record(b, run="b")]).pairs
    return made


def budgeted(
    values: Sequence[float],
    u: float,
    run: str,
    item: dict[str, str],
    **row: Any,  # noqa: ANN401
) -> Record:
    """A record whose one result rests on a shared row (u = 3) and a row of its own (u = 4)."""
    words = Txt("说明", "why")

    def made(symbol: str, own: float, **fields: Any) -> RowField:  # noqa: ANN401
        return RowField(
            symbol=symbol, name=words, source=words, type="B", distribution="normal",
            estimate="0", unit="1", u=str(own), nu="inf", c="1", c_unit="1",
            contribution=str(own), share="0.5", evaluation=words, **fields,
        )  # fmt: skip

    result = quantity(
        values, u=str(u), nu_eff="inf", nu_used="inf", k="1.96", U=str(1.96 * u),
        uncertainty_status="evaluated", budget_ref="b1",
    )  # fmt: skip
    rows = (made("gain", 3.0, **{"shared": "gain of the meter", **row}), made("noise", 4.0))
    budget = BudgetField("b1", "decode_rate@1", "y = x", "{token}/s", rows, (), {"name": "GTC"})
    changes: dict[str, Any] = {"budgets": (budget,)}
    if row.get("equipment_ref"):
        changes["equipment"] = (METER,)
    return record(result, run=run, item=item, **changes)


def test_a_rate_that_is_higher_beyond_u_is_faster() -> None:
    made = pair_of(quantity([50.0, 51.0, 52.0]), quantity([100.0, 101.0, 102.0]))
    assert (made.verdict, made.better) == ("higher", "B")
    assert made.text.en.startswith("B is faster by 50.0 ± 2.3 token/s (k = 2.78)")
    assert made.text.zh.startswith("B 更快")


def test_a_time_that_is_lower_beyond_u_is_faster() -> None:
    fields: dict[str, str] = {"id": "load_time@1/mean", "measurand_id": "load_time@1", "unit": "s"}
    made = pair_of(quantity([5.0, 5.1, 5.2], **fields), quantity([9.0, 9.1, 9.2], **fields))
    assert (made.verdict, made.better) == ("higher", "A")
    assert made.text.en.startswith("A is faster by 4.0")


def test_more_memory_is_higher_and_neither_better_nor_worse() -> None:
    fields = {"id": "peak_memory@1/mean/rss", "measurand_id": "peak_memory@1", "unit": "By"}
    made = pair_of(quantity([5e8, 5.1e8], **fields), quantity([9e8, 9.1e8], **fields))
    assert (made.verdict, made.better) == ("higher", "")
    assert "B is higher by" in made.text.en


def test_zero_within_u_is_no_difference() -> None:
    made = pair_of(quantity([50.0, 51.0, 52.0]), quantity([50.5, 51.5, 52.5]))
    assert made.verdict == "no_difference_shown"
    assert made.text.en == "no difference can be shown at this uncertainty"
    assert made.difference is not None
    assert made.better == ""


@given(
    st.lists(st.floats(1, 1e3), min_size=2, max_size=6),
    st.lists(st.floats(1, 1e3), min_size=2, max_size=6),
)
def test_swapped_records_give_the_same_words(a: list[float], b: list[float]) -> None:
    there, back = pair_of(quantity(a), quantity(b)), pair_of(quantity(b), quantity(a))
    mirror = {"A": "B", "B": "A", "": ""}
    assert there.better == mirror[back.better]
    assert {there.verdict, back.verdict} in (
        {"higher", "lower"}, {"no_difference_shown"}, {"none"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "reason"),
    [
        (quantity([50.0]), "no-U"),
        (quantity([50.0, 51.0], value=None, missing="no-sensor: none"), "missing"),
        (quantity([50.0], uncertainty_status="exact_count"), "no-U"),
    ],
)
def test_without_u_or_value_there_is_no_verdict_and_it_says_why(a: Quantity, reason: str) -> None:
    made = pair_of(a, quantity([60.0, 61.0]))
    assert (made.verdict, made.reason, made.difference) == ("none", reason, None)
    assert made.text.zh
    assert "A" in made.text.en


def test_equal_attempts_on_both_sides_give_no_verdict() -> None:
    made = pair_of(quantity([50.0, 50.0]), quantity([60.0, 60.0]))
    assert (made.verdict, made.reason) == ("none", "zero-uncertainty")
    assert made.difference is not None
    assert made.difference.value == 10.0


def test_counts_are_compared_by_their_values() -> None:
    counts = [quantity([x], uncertainty_status="exact_count") for x in (3.0, 4.0)]
    assert pair_of(*counts).reason == "exact-count"


@pytest.mark.parametrize(
    ("field", "text"), [("value", "inf"), ("value", "nan"), ("u", "x"), ("u", "-1"),
                        ("nu_eff", "0.5"), ("nu_eff", "nan")]
)  # fmt: skip
def test_numbers_that_are_none_name_record_and_result(field: str, text: str) -> None:
    bad = msgspec.structs.replace(quantity([1.0, 2.0]), **{field: text})
    made = msgspec.structs.replace(record(quantity([1.0, 2.0])), results=(bad,))
    with pytest.raises(UsageError, match="B: decode_rate@1/mean"):
        results_of(made, "B")


def test_a_result_that_stands_twice_is_refused() -> None:
    twice = quantity([1.0, 2.0])
    with pytest.raises(UsageError, match="twice"):
        compare([record(twice, twice), record(twice, run="b")])


def test_a_common_error_of_one_device_leaves_the_difference() -> None:
    a, b = budgeted([50.0], 5.0, "a", BOARD), budgeted([90.0], 5.0, "b", BOARD)
    (made,) = compare([a, b]).pairs
    assert made.correlated == ("gain of the meter",)
    assert made.difference is not None
    assert made.difference.u == pytest.approx(4 * 2**0.5)


def test_the_same_name_on_another_device_is_another_error() -> None:
    a, b = budgeted([50.0], 5.0, "a", BOARD), budgeted([90.0], 5.0, "b", {"serial": "S-2"})
    (made,) = compare([a, b]).pairs
    assert made.correlated == ()
    assert made.difference is not None
    assert made.difference.u == pytest.approx(50**0.5)


def test_a_difference_between_u_and_expanded_u_is_not_shown() -> None:
    made = pair_of(quantity([50.0, 51.0, 52.0]), quantity([51.5, 52.5, 53.5]))
    assert made.difference is not None
    assert made.difference.u < made.difference.value < made.difference.U
    assert made.verdict == "no_difference_shown"


def test_energy_of_idling_is_higher_and_not_thriftier() -> None:
    fields = {"id": "energy@1/mean/idle", "measurand_id": "energy@1", "unit": "J"}
    a, b = quantity([5.0, 5.1], **fields), quantity([9.0, 9.1], **fields)
    spent = pair_of(a, b)
    idle = pair_of(*(msgspec.structs.replace(q, scope="idle") for q in (a, b)))
    assert (spent.better, idle.better) == ("A", "")


def test_an_instrument_without_a_serial_number_is_never_the_same() -> None:
    nameless = msgspec.structs.replace(METER, serial="")
    sides = [
        budgeted([value], 5.0, run, {"serial": run}, equipment_ref="meter")
        for value, run in ((50.0, "a"), (90.0, "b"))
    ]
    sides = [identified(msgspec.structs.replace(s, equipment=(nameless,))) for s in sides]
    (made,) = compare(sides).pairs
    assert made.correlated == ()


def test_one_meter_at_two_devices_is_one_error() -> None:
    a = budgeted([50.0], 5.0, "a", BOARD, equipment_ref="meter")
    b = budgeted([90.0], 5.0, "b", {"serial": "S-2"}, equipment_ref="meter")
    (made,) = compare([a, b]).pairs
    assert made.correlated == ("gain of the meter",)


def test_every_measurand_has_words_that_name_the_side() -> None:
    for measurand in MEASURANDS:
        fields = {"id": f"{measurand}/mean", "measurand_id": measurand}
        made = pair_of(quantity([1.0, 1.1], **fields), quantity([9.0, 9.1], **fields))
        assert made.text.en.startswith(("A ", "B "))
        assert made.better in ("A", "B", "")


@pytest.mark.parametrize(
    ("measurand", "verdict"), [("load_time@1", "none"), ("memory_drop@1", "lower")]
)
def test_a_time_below_zero_wins_nothing_and_a_drop_may_be_below_zero(
    measurand: str, verdict: str
) -> None:
    a, b = (
        quantity(values, id=f"{measurand}/mean", measurand_id=measurand, unit="s")
        for values in ([5.0, 5.1, 5.2], [-5.0, -5.1, -5.2])
    )
    (pair,) = compare([record(a), record(b, run="b")]).pairs
    assert pair.verdict == verdict
    assert pair.better == ""
