from dataclasses import replace

from host.handover.trace import Window
from host.record.warning_throttled import throttled_warnings
from tests.fakes.traces import Shape, attempt, requests, run_of

S = 10**9
ASKED = requests([Shape(ttft_ns=S, tpot_ns=S)], t0_ns=50 * S)


def test_a_warning_names_attempt_and_seconds_from_the_first_request() -> None:
    slowed = replace(attempt(ASKED, number=2), throttled=(Window(80 * S, 95 * S),))
    (found,) = throttled_warnings(run_of(attempt(ASKED), slowed))
    assert (found.code, found.number) == ("throttled-span", "15")
    assert "#2: 30-45" in found.text.en
    assert "#2: 30-45" in found.text.zh


def test_many_spans_are_counted_and_not_all_named() -> None:
    spans = tuple(Window((60 + 10 * i) * S, (64 + 10 * i) * S) for i in range(5))
    slowed = [replace(attempt(ASKED, number=n), throttled=spans) for n in range(1, 6)]
    (found,) = throttled_warnings(run_of(*slowed))
    assert "#1: 10-14, 20-24, 30-34 (+2)" in found.text.en
    assert "2 more attempts" in found.text.en
    assert found.number == "100"


def test_a_run_without_spans_gets_no_warning() -> None:
    assert throttled_warnings(run_of(attempt(ASKED))) == []
