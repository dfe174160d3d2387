"""Requests may overlap in different streams of one step of load, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from host.check.streams import early_starts
from host.handover.trace import RequestTrace, Window
from tests.fakes.traces import attempt, request


def _at(number: int, start: int, end: int, streams: int = 0, stream: int = 0) -> RequestTrace:
    made = replace(request(number=number), start_ns=start, end_ns=end)
    return replace(made, streams=streams, stream=stream)


def _early(*requests: RequestTrace, load: Window | None = None) -> list[tuple[int, int]]:
    found = replace(attempt(requests), load=load)
    return [(r.number, early) for r, early in early_starts(found)]


def test_one_by_one_each_follows_the_one_before_and_the_first_the_load() -> None:
    assert _early(_at(0, 10, 20), _at(1, 20, 30), load=Window(0, 10)) == []
    assert _early(_at(0, 9, 20), _at(1, 17, 30), load=Window(0, 10)) == [(0, 1), (1, 3)]


def test_streams_of_a_step_overlap_and_a_stream_does_not_overtake_itself() -> None:
    legal = (_at(0, 0, 10, 2, 0), _at(1, 10, 20, 2, 0), _at(2, 0, 25, 2, 1))
    assert _early(*legal) == []
    assert _early(legal[0], _at(1, 8, 20, 2, 0), legal[2]) == [(1, 2)]


def test_step_begins_when_all_streams_of_the_one_before_have_ended() -> None:
    step = (_at(0, 0, 10, 2, 0), _at(1, 0, 25, 2, 1))
    assert _early(*step, _at(2, 25, 30, 1, 0)) == []
    assert _early(*step, _at(2, 20, 30, 1, 0)) == [(2, 5)]
