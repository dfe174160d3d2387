"""Figures over time: what is drawn of a series, and what the table below says."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.handover.record import AbsentField
from host.handover.text import same
from host.handover.trace import Gap, Series, Window
from host.report.charts import charts
from host.report.charts_figure import Figure, drawn_value, low_mean_high
from host.report.charts_time import MAX_GAP_MARKS, rate, since_start
from tests.fakes.records import record_of, sample_record
from tests.fakes.traces import SECOND_NS, attempt, example_run, kind_of, run_of, series

POWER = kind_of("power", "instant", "W", channel="board.power")
ENERGY = kind_of("energy", "counter", "J", channel="rapl.energy")


def figure_of(name: str, *given_: Series) -> Figure:
    run = run_of(attempt(series=given_))
    found = charts(sample_record(1), run).figures
    return next(f for f in found if f.id == name)


def seconds(*times: float) -> list[int]:
    return [int(t * SECOND_NS) for t in times]


def test_times_are_counted_in_microseconds_since_the_attempt_began() -> None:
    (line,) = figure_of("power", series(seconds(5, 6, 8), [1, 2, 3], POWER)).lines
    assert line.x == (0, 1_000_000, 2_000_000)
    assert line.y == (1, 2, 3)


def test_a_gap_breaks_the_line_and_is_marked() -> None:
    one = series(seconds(0, 1, 2, 3), [1, 1, 1, 1], POWER)
    figure = figure_of(
        "power", replace(one, gaps=(Gap("board.power", SECOND_NS * 3 // 2, "gone"),))
    )
    assert figure.lines[0].y == (1, 1, None, 1, 1)
    assert figure.lines[0].x == (0, 1_000_000, 0, 1_000_000, 1_000_000)
    assert figure.gaps == ((1, (1_500_000,)),)
    assert figure.summaries[0].gaps == 1


def test_thousands_of_gaps_give_few_marks_and_all_breaks_between_drawn_points() -> None:
    times = np.arange(0, 20_000, 2, dtype=np.int64) * SECOND_NS
    gaps = tuple(Gap("board.power", int(t) + SECOND_NS, "lost") for t in times[:-1])
    figure = figure_of("power", replace(series(times, np.ones(len(times)), POWER), gaps=gaps))
    assert len(figure.gaps[0][1]) <= MAX_GAP_MARKS + 1
    drawn = [y for y in figure.lines[0].y if y is not None]
    assert len(figure.lines[0].y) - len(drawn) == len(drawn) - 1


def test_the_table_tells_recorded_from_drawn_and_takes_its_numbers_from_all_readings() -> None:
    values = np.linspace(0.0, 2.0, 10_001)
    figure = figure_of("power", series(np.arange(10_001) * 1_000_000, values, POWER))
    (summary,) = figure.summaries
    assert summary.recorded == 10_001
    assert summary.drawn == len(figure.lines[0].y) < 2100
    assert (summary.low, summary.mean, summary.high) == ("0", "1", "2")


def test_a_counter_is_drawn_as_its_growth_per_second() -> None:
    drawn = rate(series(seconds(0, 1, 3), [100.0, 110.0, 114.0], ENERGY))
    assert drawn.values.tolist() == pytest.approx([10.0, 2.0])
    assert drawn.t_ns.tolist() == seconds(1, 3)


def test_a_counter_that_wraps_goes_on_and_one_that_falls_leaves_a_reading_out() -> None:
    wrapping = series(seconds(0, 1, 2), [90.0, 10.0, 20.0], replace(ENERGY, wraps_at=100.0))
    assert rate(wrapping).values.tolist() == pytest.approx([20.0, 10.0])
    falling = series(seconds(0, 1, 2), [90.0, 10.0, 20.0], ENERGY)
    assert rate(falling).values.tolist() == pytest.approx([10.0])


def test_energy_is_drawn_from_the_first_reading_on() -> None:
    drawn = since_start(series(seconds(0, 1, 2), [500.0, 510.0, 530.0], ENERGY))
    assert drawn.values.tolist() == [0.0, 10.0, 30.0]


def test_values_that_are_no_numbers_are_left_out() -> None:
    (line,) = figure_of("power", series(seconds(0, 1, 2), [1.0, np.nan, 3.0], POWER)).lines
    assert line.y == (1, 3)


def test_a_figure_without_data_says_what_the_record_says_of_the_source() -> None:
    run = run_of(attempt())
    absent = (
        AbsentField("rapl /sys/class/powercap", "not-readable: EACCES", same("run as root")),
    )
    record = msgspec.structs.replace(sample_record(1), absent=absent)
    power = next(f for f in charts(record, run).figures if f.id == "power")
    assert power.why_empty[0].en == (
        "rapl /sys/class/powercap: not-readable: EACCES → run as root"
    )


def test_optional_figures_are_left_out_and_the_others_explained() -> None:
    found = charts(sample_record(1), run_of(attempt())).figures
    ids = [f.id for f in found]
    assert "voltage" not in ids
    assert {"temperature", "frequency", "cpu", "power", "energy", "memory-process"} <= set(ids)
    assert all(f.why_empty for f in found)


def test_attempts_beyond_the_budget_of_lines_are_named() -> None:
    many = tuple(
        replace(one, number=number) for number in range(1, 400) for one in example_run(1).attempts
    )
    drawn = charts(sample_record(1), run_of(*many))
    assert drawn.left_out
    assert len(drawn.shadings) + len(drawn.left_out) == len(many)


@given(st.floats(-1e15, 1e15, allow_nan=False))
def test_a_drawn_value_is_near_enough_to_be_the_same_pixel(value: float) -> None:
    assert drawn_value(value) == pytest.approx(value, rel=1e-5)


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=50))
def test_low_and_high_are_readings_and_the_mean_lies_between(values: list[float]) -> None:
    low, mean, high = (float(text) for text in low_mean_high(values))
    assert low == float(f"{min(values):.6g}")
    assert high == float(f"{max(values):.6g}")
    slack = 1e-5 * max(abs(low), abs(high))
    assert low - slack <= mean <= high + slack


def test_a_run_without_attempts_has_figures_that_say_so() -> None:
    found = charts(record_of(run_of()), run_of())
    assert all(f.why_empty for f in found.figures)
    assert Window(0, 0) not in [s.over for s in found.shadings]
