from dataclasses import replace
from math import sqrt

import pytest

from host.evaluate import terms_time
from host.evaluate.terms import Measured, Term
from host.handover.conditions import Conditions
from host.handover.result import Basis
from tests.fakes.measured import (
    CLOCK,
    above_idle,
    energy,
    first_token,
    of_trace,
    power_channel,
    rate,
)


def u(term: Term) -> float:
    assert term.input.u is not None
    return term.input.u


def test_resolution_is_triangular_over_one_step() -> None:
    term = terms_time.clock_resolution(rate())
    assert u(term) == pytest.approx(100e-9 / sqrt(6))
    assert term.input.half_width == pytest.approx(100e-9)


def test_an_error_of_every_window_moves_a_rate_by_its_share_of_the_time() -> None:
    # 4 windows in 10 s at 20 token/s: 1 s in each window would take away 20 * 4 / 10
    assert terms_time.clock_resolution(rate()).c == pytest.approx(-8.0)


def test_an_error_of_every_window_moves_a_mean_time_by_itself() -> None:
    assert terms_time.clock_resolution(first_token()).c == 1.0


def test_an_edge_that_moves_takes_in_the_power_that_is_there() -> None:
    # 20 W inside, at most 15 W more outside; less a baseline of 5 W
    assert terms_time.clock_resolution(energy()).c == 35.0
    assert terms_time.clock_resolution(above_idle()).c == 30.0


def test_an_edge_in_even_power_still_moves_the_energy() -> None:
    even = energy(replace(power_channel(), step=0.0))
    assert terms_time.stamp_cost(even).c == 20.0


def test_of_a_mean_power_an_edge_moves_only_the_step() -> None:
    made = energy(measurand="mean_power@1")
    mean = replace(made, seen=replace(made.seen, unit="W"), basis=replace(made.basis, amount=10.0))
    assert terms_time.clock_resolution(mean).c == 1.5


def test_an_error_of_one_interval_moves_its_quantile_by_itself() -> None:
    found = of_trace("inter_token_interval@1", "s", (0.05, 0.05), Basis(0.0, 1, 1, 1e-4))
    assert terms_time.clock_resolution(found).c == 1.0


def test_a_clock_that_tells_no_resolution_leaves_it_open() -> None:
    silent = replace(rate(), conditions=Conditions(clock=replace(CLOCK, resolution_ns=0)))
    term = terms_time.clock_resolution(silent)
    assert term.input.u is None
    assert "did not say its resolution" in term.input.evaluation.en


def test_a_stamp_was_taken_somewhere_in_its_call() -> None:
    assert u(terms_time.stamp_cost(rate())) == pytest.approx(50e-9 / sqrt(6))


def test_a_stamp_cost_that_was_not_measured_is_open_and_not_zero() -> None:
    unmeasured = replace(rate(), conditions=Conditions(clock=replace(CLOCK, read_cost_ns=None)))
    term = terms_time.stamp_cost(unmeasured)
    assert term.input.u is None
    assert "not measured" in term.input.evaluation.en


@pytest.mark.parametrize(
    "make", [terms_time.clock_resolution, terms_time.stamp_cost, terms_time.rate_of_rate]
)
def test_without_a_clock_nothing_of_it_is_evaluated(make: object) -> None:
    assert callable(make)
    assert make(replace(rate(), conditions=Conditions())).input.u is None


def test_both_ends_of_a_decode_span_are_late() -> None:
    # 4 ms over 4 windows: 1 ms each, difference of two ends
    term = terms_time.event_of_span(rate())
    assert u(term) == pytest.approx(0.001 / sqrt(6))
    assert term.c == pytest.approx(-8.0)


def test_only_the_end_of_a_first_token_time_is_late() -> None:
    assert u(terms_time.event_at_end(first_token())) == pytest.approx(0.001 / sqrt(3))


def test_a_prefill_ends_between_two_stamps() -> None:
    found = of_trace("prefill_rate@1", "{token}/s", (100.0, 100.0), Basis(2.0, 4, 200, 0.0008))
    term = terms_time.event_of_prefill(found)
    assert u(term) == pytest.approx(0.0002 / sqrt(3))
    assert term.c == pytest.approx(-100 * 4 / 2)


def test_a_load_is_defined_by_its_stamps() -> None:
    found = of_trace("load_time@1", "s", (1.0, 1.1), Basis(1.0, 1, 1, 0.0))
    term = terms_time.event_by_definition(found)
    assert u(term) == 0.0
    assert term.input.distribution == "constant"


def test_only_the_decode_phase_has_tokens_at_its_edges() -> None:
    decode = energy()
    decode = replace(
        decode,
        seen=replace(decode.seen, scope="decode"),
        basis=replace(decode.basis, late_s=0.003, windows=3),
    )
    assert u(terms_time.event_of_phase(decode)) == pytest.approx(0.001 / sqrt(3))
    assert u(terms_time.event_of_phase(energy())) == 0.0


def test_a_known_rate_error_is_not_corrected_but_widens_the_limit() -> None:
    term = terms_time.rate_of_time(first_token())
    assert term.input.half_width == pytest.approx(100e-6)
    assert u(term) == pytest.approx(100e-6 / sqrt(3))
    assert term.c == -1.0


def test_the_rate_error_is_shared_by_all_results_of_one_boot() -> None:
    assert terms_time.rate_of_rate(rate()).input.shared == "clock:monotonic_raw@boot"


COUNTER = energy(power_channel("energy", "counter"))


@pytest.mark.parametrize(
    ("make", "of", "shape", "c"),
    [
        (terms_time.rate_of_rate, rate(), "rate", 1.0),
        (terms_time.rate_of_energy, energy(), "rate", -1.0),
        (terms_time.rate_of_energy, COUNTER, "cancels", 0.0),
        (terms_time.rate_of_power, energy(), "cancels", 0.0),
        (terms_time.rate_of_power, COUNTER, "rate", 1.0),
        (terms_time.rate_of_quotient, rate(), "cancels", 0.0),
    ],
)
def test_the_clock_enters_where_it_measures_and_cancels_elsewhere(
    make: object, of: Measured, shape: str, c: float
) -> None:
    assert callable(make)
    term = make(of)
    assert (term.shape, term.c) == (shape, c)
    assert ("c = 0" in term.input.evaluation.en) == (shape == "cancels")
    assert ("c = 0" in term.input.evaluation.zh) == (shape == "cancels")


def test_load_of_a_library_is_its_stamps_and_that_of_a_server_late_by_how_it_was_asked() -> None:
    def load(late_s: float) -> Measured:
        return of_trace("load_time@1", "s", (0.4, 0.5), Basis(0.45, 1, 1, late_s))

    library, server = (terms_time.event_of_load(load(late)) for late in (0.0, 0.03))
    assert u(library) == 0
    assert u(server) == pytest.approx(0.03 / sqrt(3))
