"""A cold start: load and first output together, and nothing between them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.handover.result import Observation
from host.handover.trace import RequestTrace, Window
from host.reduce.cold import cold_results
from host.reduce.latency import load_time
from tests.fakes.graphs import graph_request
from tests.fakes.traces import Shape, attempt, request

LOAD = Window(0, 2_000_000_000)


def cold(first: RequestTrace, share: float | None = 0.002) -> list[Observation]:
    made = replace(attempt([first]), load=LOAD, resident_ratio=share)
    return cold_results([made])


def test_load_and_time_to_first_token_are_added_and_a_wait_is_not() -> None:
    late = request(Shape(ttft_ns=500_000_000), t0_ns=60_000_000_000)
    (found,) = cold(late)
    assert found.measurand == "cold_first_token@1"
    assert found.by_attempt[0][1] == pytest.approx(2.5)
    assert found.rule is not None
    assert "0.002" in found.rule.en


def test_a_graph_has_its_first_inference_in_place_of_a_token() -> None:
    (found,) = cold(graph_request([40_000_000, 1_000_000], start_ns=9_000_000_000))
    assert (found.measurand, found.by_attempt) == ("cold_first_inference@1", ((1, 2.04),))


def test_a_run_that_did_not_begin_cold_says_nothing_of_it() -> None:
    assert cold(request(), share=None) == []


def test_server_that_may_have_been_ready_before_it_was_asked_is_late_by_that() -> None:
    made = replace(attempt([request()]), load=LOAD, resident_ratio=0.0, load_late_ns=30_000_000)
    (found,) = cold_results([made])
    assert found.basis is not None
    assert found.basis.late_s == pytest.approx(0.03)
    basis = load_time(made).basis
    assert basis is not None
    assert basis.late_s == pytest.approx(0.03)
