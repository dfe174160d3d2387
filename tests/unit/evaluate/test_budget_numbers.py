"""Budgets worked by hand, and the cases in which there is no U."""

from dataclasses import replace
from math import sqrt

import pytest

from host.evaluate.budget_of import BY_RANKS, ONLY_ZEROS, budget_of
from host.handover.budget import Budget
from host.handover.conditions import Conditions, Perturbation, SensorTerm
from host.handover.result import Basis, ChannelBasis
from tests.fakes.measured import (
    DEVICE,
    SHEET,
    above_idle,
    energy,
    of_trace,
    power_channel,
    rate,
    sensed,
)


def shares(found: Budget) -> dict[str, float | None]:
    return {row.input.symbol: row.share for row in found.rows}


def test_a_decode_rate_by_hand() -> None:
    found = budget_of(rate((19.0, 20.0, 21.0)))
    # u_A = 1/sqrt(3); event 1 ms/sqrt(6) and stamps at 8 token/s^2; rate 100 ppm/sqrt(3) of 20
    parts = (
        1 / sqrt(3),
        8 * 0.001 / sqrt(6),
        8 * 100e-9 / sqrt(6),
        8 * 50e-9 / sqrt(6),
        20 * 100e-6 / sqrt(3),
    )
    assert found.u == pytest.approx(sqrt(sum(part**2 for part in parts)))
    assert (found.value, found.nu_used) == (20.0, 2.0)
    assert found.k == pytest.approx(4.303, abs=5e-4)
    assert pytest.approx(4.303 * (found.u or 0.0), rel=2e-4) == found.U


def test_an_energy_by_hand() -> None:
    quiet = replace(power_channel(), rule=0.0, bracket_s=0.0, lag_s=0.0)
    gain = SensorTerm("gain", relative=True, source=SHEET, half_width=0.005)
    offset = SensorTerm("offset", relative=False, source=SHEET, half_width=0.004)
    of = replace(sensed(energy(quiet), gain, offset))
    found = budget_of(replace(of, conditions=replace(of.conditions, clock=None)))
    # 1/sqrt(3) of repeatability, 3 J of edges, 0.5 % of 200 J, 4 mW for 10 s
    parts = (1 / sqrt(3), 3 / sqrt(3), 1 / sqrt(3), 0.04 / sqrt(3))
    assert found.u == pytest.approx(sqrt(sum(part**2 for part in parts)))


def test_a_baseline_by_hand() -> None:
    rows = {row.input.symbol: row for row in budget_of(above_idle()).rows}
    assert rows["P_idle"].contribution == pytest.approx(10 * 0.5 / sqrt(3))
    assert rows["P_idle"].c == pytest.approx(-10.0)


def test_the_letters_of_the_equation_are_given_in_numbers() -> None:
    assert budget_of(rate()).model.endswith("; x = 20 {token}/s, w = 4, T = 10 s")
    assert budget_of(energy()).model.endswith("; T = 10 s, K = 1, ΣΔP = 15 W, ΣP = 35 W")


def test_one_attempt_has_rows_and_no_expanded_uncertainty() -> None:
    found = budget_of(rate((20.0,)))
    assert (found.U, found.k) == (None, None)
    assert found.reason == "too-few-attempts: 1 of at least 2"
    assert "repeatability" in found.open_rows
    assert len(found.rows) == len(budget_of(rate()).rows)


def test_zero_variance_leaves_what_is_known_by_other_means() -> None:
    found = budget_of(rate((20.0, 20.0, 20.0)))
    assert shares(found)["repeatability"] == 0.0
    assert found.u is not None
    assert found.u > 20 * 100e-6 / sqrt(3)
    assert found.U is not None


def test_zero_variance_and_nothing_else_known_is_no_interval() -> None:
    found = budget_of(replace(rate((20.0, 20.0)), conditions=Conditions(), basis=NO_DELAY))
    assert (found.U, found.k, found.reason) == (None, None, ONLY_ZEROS)
    assert {"clock_rate", "clock_step", "stamp_cost", "agent"} == set(found.open_rows)


@pytest.mark.parametrize(("delay_s", "known"), [(1e-16, False), (1e-14, True)])
def test_round_off_of_the_value_is_no_uncertainty_while_rows_are_open(
    delay_s: float,
    known: bool,  # noqa: FBT001 - a row of the table
) -> None:
    of = replace(rate((20.0, 20.0)), conditions=Conditions(), basis=Basis(10.0, 4, 200, delay_s))
    found = budget_of(of)
    assert (found.U is not None, found.reason == ONLY_ZEROS) == (known, not known)


NO_DELAY = Basis(10.0, 4, 200, 0.0)


def test_a_quantile_has_rows_and_its_interval_instead_of_u() -> None:
    of = of_trace("inter_token_interval@1", "s", (0.05,), Basis(0.0, 1, 1, 1e-4))
    found = budget_of(replace(of, spread=None))
    assert (found.U, found.reason) == (None, BY_RANKS)
    assert found.u is not None


def test_open_rows_are_named_beside_a_u() -> None:
    found = budget_of(energy())
    assert found.U is not None
    assert set(found.open_rows) == {"noise", "gain", "offset", "resolution", "refresh", "agent"}


def test_the_agents_load_comes_in_once_it_is_known() -> None:
    known = Perturbation(ratio=0.9, u=0.0, nu=9.0, pairs=10, origin="run-1")
    of = replace(rate(), conditions=replace(DEVICE, perturbation={"decode_rate@1/": known}))
    found = budget_of(of)
    rows = {row.input.symbol: row for row in found.rows}
    assert rows["agent"].contribution == pytest.approx(2.0)
    assert found.open_rows == ()
    assert found.value == 20.0


def test_a_rectangular_row_that_dominates_brings_monte_carlo_beside() -> None:
    found = budget_of(energy(replace(power_channel(), edge=100.0)))
    assert (shares(found)["edge"] or 0.0) > 0.9
    assert found.monte_carlo is not None
    low, high = found.monte_carlo.symmetric
    # 95 % of a rectangle of 100 J, a little more with the rest beside it
    assert 95.0 < (high - low) / 2 < 98.0
    assert found.U is not None
    assert (high - low) / 2 < found.U


def test_repeatability_that_dominates_needs_no_monte_carlo() -> None:
    assert budget_of(rate()).monte_carlo is None


def test_a_monte_carlo_is_drawn_alike_each_time_and_differs_by_result() -> None:
    wide = energy(replace(power_channel(), edge=100.0))
    assert budget_of(wide) == budget_of(wide)
    other = budget_of(replace(wide, seen=replace(wide.seen, source="other.power")))
    first = budget_of(wide)
    assert first.monte_carlo
    assert other.monte_carlo
    assert first.monte_carlo.seed != other.monte_carlo.seed


def channel(quantity: str, kind: str, unit: str) -> ChannelBasis:
    return ChannelBasis(unit, quantity, kind, None, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("measurand", "kind", "unit", "rows"),
    [
        ("throttled_ratio@1", "state", "1", {"readings", "share_step"}),
        ("throttle_events@1", "counter", "{count}", {"readings", "events"}),
    ],
)
def test_signs_of_throttling_have_their_rows(
    measurand: str, kind: str, unit: str, rows: set[str]
) -> None:
    basis = Basis(0.0, 1, 50, 0.0, channel("throttle", kind, unit))
    found = budget_of(of_trace(measurand, unit, (0.0, 0.0), basis))
    assert set(shares(found)) == rows | {"repeatability", "agent"}


def test_memory_of_a_driver_has_no_pages_and_batches_of_the_kernel() -> None:
    basis = Basis(0.0, 1, 50, 0.0, channel("memory", "instant", "By"))
    of = of_trace("peak_memory@1", "By", (1e9, 1e9), basis)
    found = budget_of(replace(of, seen=replace(of.seen, source="nvml.0.memory_used")))
    assert set(shares(found)) == {"repeatability", "readings", "page", "missed", "agent"}


def test_a_measurand_without_terms_is_refused() -> None:
    with pytest.raises(KeyError):
        budget_of(of_trace("unheard_of@1", "s", (1.0, 1.0), NO_DELAY))
