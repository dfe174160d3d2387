"""Ratios of two sources: which are made, what cancels, and what stays in their budgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from host.evaluate.run import evaluate
from host.handover.conditions import Conditions, SensorTerm
from host.handover.result import Result
from host.handover.side_by_side import POWER_RATIO
from host.handover.text import same
from host.handover.trace import AttemptTrace, Series
from host.reduce.run import reduce_run
from tests.fakes.records import CONDITIONS
from tests.fakes.traces import example_run

BOARD = "hwmon.board.power"
METER = "meter.wall.power"


def run_with(
    *others: Callable[[Series], Series], conditions: Conditions = CONDITIONS
) -> list[Result]:
    """The ratios of the example run whose board sensor has these beside it, in place of RAPL."""

    def change(a: AttemptTrace) -> AttemptTrace:
        (board,) = [s for s in a.series if s.channel == BOARD]
        rest = [s for s in a.series if s.quantity not in ("power", "energy")]
        return replace(a, series=(*rest, board, *(other(board) for other in others)))

    run = example_run(5)
    changed = replace(run, attempts=tuple(change(a) for a in run.attempts))
    results = evaluate(reduce_run(changed), conditions).results
    return [r for r in results if r.measurand == POWER_RATIO]


def scaled(channel: str, factor: float, tier: str = "B") -> Callable[[Series], Series]:
    return lambda s: replace(s, channel=channel, values=s.values * factor, tier=tier)


def request(found: list[Result]) -> Result:
    (one,) = [r for r in found if r.scope == "request"]
    return one


def gain(limit: float, ref: str) -> SensorTerm:
    return SensorTerm(
        "gain", relative=True, source=same("sheet"), half_width=limit, equipment_ref=ref
    )


def test_two_sources_of_one_place_and_a_meter_are_set_side_by_side_and_two_rails_are_not() -> None:
    found = run_with(
        scaled("hwmon.board.power_average", 1.05),
        scaled("hwmon.rail.power", 0.5),
        scaled("meter.wall.power", 2.0, "A-"),
    )
    assert {r.source for r in found} == {
        "hwmon.board.power_average over hwmon.board.power",
        "hwmon.board.power over meter.wall.power",
        "hwmon.board.power_average over meter.wall.power",
        "hwmon.rail.power over meter.wall.power",
    }
    told = {r.source: r for r in found if r.scope == "request"}
    one = told["hwmon.board.power_average over hwmon.board.power"]
    assert one.value == pytest.approx(1.05, rel=1e-12)
    assert told["hwmon.rail.power over meter.wall.power"].value == pytest.approx(0.25, rel=1e-12)
    assert (one.tier, one.unit, len(one.by_attempt)) == ("", "1", 5)


def test_what_both_sources_have_in_common_cancels_and_the_load_is_no_spread() -> None:
    one = request(run_with(scaled("hwmon.board.power_average", 1.05)))
    assert one.budget is not None
    rows = {row.input.symbol: row for row in one.budget.rows}
    for symbol in ("agent", "clock_step", "stamp_cost", "clock_rate", "alignment"):
        assert rows[symbol].contribution == 0.0
    assert {"edge_a", "edge_b", "gain_a", "gain_b"} <= set(rows)
    assert one.spread is not None
    assert one.spread.s == pytest.approx(0.0, abs=1e-12)
    assert "agent" not in one.budget.open_rows


def test_gains_of_two_instruments_add_up_and_one_of_both_cancels() -> None:
    other = "hwmon.board.power_average"

    def u_of(refs: tuple[str, str], limit: float = 0.04) -> dict[str, float | None]:
        sensors = {
            BOARD: (gain(0.03, refs[0]),),
            other: (gain(limit, refs[1]),),
        }
        given = replace(CONDITIONS, sensors=sensors)
        budget = request(run_with(scaled(other, 1.05), conditions=given)).budget
        assert budget is not None
        return {row.input.symbol: row.contribution for row in budget.rows}

    apart = u_of(("one", "two"))
    assert apart["gain_a"] == pytest.approx(1.05 * 0.04 / 3**0.5, rel=1e-6)
    assert apart["gain_b"] == pytest.approx(1.05 * 0.03 / 3**0.5, rel=1e-6)
    # Limits that differ are no one error, whoever states them.
    assert u_of(("one", "one")) == apart
    assert u_of(("one", "one"), 0.03)["gain"] == 0.0


def test_a_phase_that_one_source_did_not_see_has_no_ratio() -> None:
    def late(s: Series) -> Series:
        half = len(s.values) // 2
        return replace(
            s,
            channel="meter.wall.power",
            tier="A-",
            t0_ns=s.t0_ns[half:],
            t1_ns=s.t1_ns[half:],
            values=s.values[half:],
        )

    assert not [r for r in run_with(late) if r.scope == "request"]


def edge_of(found: Result) -> float | None:
    assert found.budget is not None
    return next(r.contribution for r in found.budget.rows if r.input.symbol == "edge_a")


def test_an_attempt_in_which_the_divisor_shows_nothing_is_in_neither_mean() -> None:
    seen: list[Series] = []

    def dead_at_first(s: Series) -> Series:
        seen.append(s)
        return replace(s, channel=METER, values=s.values * (0 if len(seen) == 1 else 1), tier="A-")

    whole = request(run_with(scaled(METER, 1.0, "A-")))
    found = request(run_with(dead_at_first))
    assert (len(whole.by_attempt), len(found.by_attempt)) == (5, 4)
    edges = [edge_of(one) for one in (whole, found)]
    assert edges[0] == pytest.approx(edges[1], rel=0.05)  # a mean with a zero makes it 5/4
