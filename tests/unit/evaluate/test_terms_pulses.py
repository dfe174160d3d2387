"""The lag of load pulses in a budget: only what no other row holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from host.evaluate.budget_table import terms_of
from host.evaluate.terms import Measured
from host.evaluate.terms_pulses import pulse_terms
from host.handover.pulses import RESPONSE_NS, Lag, PulseCheck
from tests.fakes.measured import DEVICE, energy, rate

MS = 1_000_000
BOUND, BRACKET, PERIOD, U = 2 * MS, 1 * MS, 10 * MS, 4 * MS
HELD = BOUND + BRACKET + PERIOD


def metered(lag_ns: int) -> Measured:
    """An external meter whose pulses came so late; U of the lag 4 ms."""
    lag = Lag(lag_ns, U / 2, 0.99, 5.0, 100, 1.0)
    high = U + HELD + RESPONSE_NS
    check = PulseCheck(
        "wall",
        "board.power",
        "agrees",
        "",
        ("before",),
        lag,
        (lag,),
        -U - BOUND - BRACKET,
        high,
    )
    found = energy(tier="A-")
    conditions = replace(DEVICE, alignment_bound_ns=BOUND, pulses={check.channel: check})
    return replace(found, conditions=conditions)


@pytest.mark.parametrize("lag_ns", [-7 * MS, 0, HELD, HELD + U])
def test_a_lag_that_other_rows_hold_is_not_counted_twice_and_the_row_says_so(lag_ns: int) -> None:
    (term,) = pulse_terms(metered(lag_ns))
    assert term.input.u == 0.0
    assert "count twice" in term.input.evaluation.en
    assert "重复" in term.input.evaluation.zh


def test_what_goes_beyond_them_shifts_the_windows_by_as_much_and_its_u() -> None:
    of = metered(HELD + 30 * MS)
    (term,) = pulse_terms(of)
    assert term.input.half_width == pytest.approx(0.034)
    assert (term.shape, term.c) == ("add", of.per_second)
    assert "cannot be told" in term.input.evaluation.en


def test_it_stands_in_the_budget_of_an_energy_and_only_where_pulses_gave_a_lag() -> None:
    assert "pulse_lag" in {t.input.symbol for t in terms_of(metered(0))}
    assert "pulse_lag" not in {t.input.symbol for t in terms_of(energy(tier="A-"))}
    assert "pulse_lag" not in {t.input.symbol for t in terms_of(rate())}
