"""Figures of the token trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import AttemptTrace, TokenTrace
from host.report.charts_tokens import (
    MAX_ROWS,
    histogram_figure,
    requests_figure,
    share_figure,
    tokens_figure,
)
from tests.fakes.records import sample_record
from tests.fakes.traces import Shape, attempt, example_run, request, requests


def attempt_with(intervals_ns: list[int]) -> AttemptTrace:
    """One scored request whose tokens are this far apart."""
    plain = request(Shape(output_tokens=1))
    t_ns = plain.tokens.t_ns[0] + np.concatenate(([0], np.cumsum(intervals_ns))).astype(np.int64)
    empty = np.zeros(len(t_ns), dtype=np.int64)
    asked = replace(plain, tokens=TokenTrace(t_ns, t_ns, empty, empty), end_ns=int(t_ns[-1]))
    return attempt((asked,))


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=300))
def test_the_bars_hold_every_interval_once(intervals_ns: list[int]) -> None:
    figure = histogram_figure((attempt_with(intervals_ns),), ())
    assert sum(y or 0 for y in figure.lines[0].y) == len(intervals_ns)
    assert np.cumsum(figure.lines[0].x)[0] <= min(intervals_ns)


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=900))
def test_the_share_reaches_one_at_the_longest_interval(intervals_ns: list[int]) -> None:
    (line,) = share_figure((attempt_with(intervals_ns),), ()).lines
    assert sum(line.x) == max(intervals_ns)
    assert line.y[-1] == 1
    assert line.x[0] == min(intervals_ns)


def test_marks_stand_at_the_records_quantiles_and_print_its_strings() -> None:
    record = sample_record()
    figure = histogram_figure(example_run().attempts, record.results)
    quantiles = [q for q in record.results if q.measurand_id == "inter_token_interval@1"]
    assert [m.name.en for m in figure.marks] == ["median", "p95", "p99"]
    for mark, quantity in zip(figure.marks, quantiles, strict=True):
        assert quantity.reported is not None
        assert mark.value == f"{quantity.reported.value} {quantity.reported.unit}"
        assert mark.x == float(quantity.value or "0") * 1e3


def test_every_token_of_a_request_is_a_tick_when_there_is_room() -> None:
    figure = requests_figure((attempt(requests([Shape(output_tokens=16)])),))
    (number, (row,)) = figure.rows[0]
    assert number == 1
    assert len(row.ticks) == 16
    assert sum(row.ticks) == row.end
    assert row.prefill == (0, 800_000_000)


def test_rows_beyond_the_screen_are_left_out_and_the_page_says_so() -> None:
    figure = requests_figure((attempt(requests([Shape()] * (MAX_ROWS + 5))),))
    assert len(figure.rows[0][1]) == MAX_ROWS
    assert str(MAX_ROWS) in figure.notes[-1].en
    assert figure.recorded > figure.drawn


def test_warm_up_requests_are_named_and_kept_out_of_the_intervals() -> None:
    asked = requests([Shape(item="w", warmup=True), Shape(item="a")])
    figure = requests_figure((attempt(asked),))
    assert [row.label for row in figure.rows[0][1]] == ["warm-up · w", "a"]
    assert histogram_figure((attempt(asked),), ()).recorded == 15


def test_streams_at_once_are_named_and_what_pools_their_steps_says_so() -> None:
    asked = [replace(r, streams=2, stream=n) for n, r in enumerate(requests([Shape()] * 2))]
    figure = requests_figure((attempt(asked),))
    assert [row.label for row in figure.rows[0][1]] == ["×2 #1 · a", "×2 #2 · a"]
    assert "the first of 4 streams" in figure.notes[-1].en
    for pooled in (histogram_figure((attempt(asked),), ()), histogram_figure((attempt(),), ())):
        said = [note.en for note in pooled.notes]
        assert ("Intervals of all steps of streams together." in said) == bool(pooled.recorded)


def test_tokens_of_all_requests_add_up() -> None:
    figure = tokens_figure((attempt(requests([Shape(), Shape(output_tokens=4)])),), 100)
    assert figure.lines[0].y[-1] == 20
    assert figure.recorded == 20


def test_a_run_without_tokens_says_so() -> None:
    empty = attempt()
    for figure in (
        tokens_figure((empty,), 10),
        requests_figure((empty,)),
        histogram_figure((empty,), ()),
        share_figure((empty,), ()),
    ):
        assert figure.why_empty
        assert not figure.lines
