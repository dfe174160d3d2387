"""Phases of an attempt, for shading."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from host.handover.trace import Window
from host.report.charts_phases import shading, span
from tests.fakes.traces import SECOND_NS, Shape, attempt, kind_of, requests, series


def test_load_idle_and_requests_are_shaded_where_they_were() -> None:
    asked = requests([Shape(warmup=True), Shape()], t0_ns=10 * SECOND_NS)
    one = replace(
        attempt(asked),
        load=Window(2 * SECOND_NS, 3 * SECOND_NS),
        idle_before=Window(3 * SECOND_NS, 10 * SECOND_NS),
    )
    phases = dict(shading(one).phases)
    assert phases["load"] == ((0, 1_000_000),)
    assert phases["idle"] == ((1_000_000, 8_000_000),)
    assert phases["warmup"] == ((8_000_000, 9_550_000),)
    assert phases["prefill"] == ((9_550_000, 10_350_000),)
    assert phases["decode"] == ((10_350_000, 11_100_000),)


@given(st.integers(1, 3000))
def test_many_requests_give_few_bands_that_cover_them_all(count: int) -> None:
    asked = requests([Shape(ttft_ns=1000, tpot_ns=1000, output_tokens=2)] * count)
    (_, pairs), *_ = [p for p in shading(attempt(asked)).phases if p[0] == "decode"]
    assert len(pairs) <= 1300
    assert pairs[-1][1] == (asked[-1].end_ns - asked[0].start_ns) // 1000


def test_readings_before_the_load_belong_to_the_attempt() -> None:
    one = attempt(series=[series([5, 900], [1.0, 1.0], kind_of("power", "instant", "W"))])
    assert span(one) == Window(5, 900)


def test_an_attempt_of_which_nothing_is_known_has_no_length() -> None:
    assert span(attempt()) == Window(0, 0)
    assert shading(attempt()).phases == ()
