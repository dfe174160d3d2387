"""Budgets of the example run: every row of every measurand, and what they do to U."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

import pytest

from host.evaluate.budget_of import budget_of, value_of
from host.evaluate.budget_table import terms_of
from host.evaluate.gum import propagate
from host.evaluate.model import Model
from host.evaluate.run import evaluate
from host.evaluate.terms import Measured, Term
from host.handover import inference, spans
from host.handover.budget import Budget
from host.handover.cold import COLD
from host.handover.measurands import MEASURANDS
from host.handover.result import Result
from host.handover.served_figures import SERVED
from host.reduce.run import reduce_run
from tests.fakes.measured import above_idle
from tests.fakes.records import CONDITIONS
from tests.fakes.traces import example_run

METER = {
    "edge",
    "rule",
    "unobserved",
    "noise",
    "averaging",
    "read_bracket",
    "alignment",
    "clock_step",
    "stamp_cost",
    "event",
    "clock_rate",
    "gain",
    "offset",
    "resolution",
    "refresh",
}
STAMPS = {"clock_step", "stamp_cost", "event", "clock_rate"}
# Of attempts of ten minutes or more; the example is shorter.
SPANS = {d.id for d in (*spans.RATES, *spans.POWERS)}
GRAPHS = {d.id for d in (*inference.TIMES, *inference.ENERGIES, *COLD)}
ROWS = {
    "load_time@1": STAMPS,
    "time_to_first_token@1": STAMPS | {"requests"},
    "prefill_rate@1": STAMPS | {"m"},
    "decode_rate@1": STAMPS | {"n"},
    "inter_token_interval@1": STAMPS | {"intervals"},
    "request_latency@1": STAMPS | {"requests"},
    "output_byte_rate@1": STAMPS | {"bytes"},
    "sustained_ratio@1": STAMPS | {"intervals"},
    "peak_memory@1": {"readings", "page", "batches", "missed"},
    "memory_drop@1": {"readings", "page", "batches", "missed", "others"},
    "mean_power@1": METER,
    "mean_power_above_idle@1": METER | {"P_idle"},
    "energy@1": METER,
    "energy_above_idle@1": METER | {"P_idle"},
    "energy_per_token@1": METER | {"n"},
    "energy_per_token_above_idle@1": METER | {"n", "P_idle"},
    "energy_per_output_byte@1": METER | {"bytes"},
    "energy_per_output_byte_above_idle@1": METER | {"bytes", "P_idle"},
    "temperature_rise@1": {"readings", "missed", "gain", "offset", "resolution", "refresh"},
    "frequency@1": {
        "readings",
        "edge",
        "rule",
        "unobserved",
        "clock_rate",
        "gain",
        "offset",
        "resolution",
        "refresh",
    },
}

REDUCED = reduce_run(example_run(5))
FOUND = [r for r in evaluate(REDUCED, CONDITIONS).results if r.value is not None]


def name_of(result: Result) -> str:
    return "/".join((result.measurand, result.scope, result.source, result.statistic))


def budget(result: Result) -> Budget:
    assert result.budget is not None
    return result.budget


def symbols(found: Budget) -> list[str]:
    return [row.input.symbol for row in found.rows]


def test_the_example_has_every_measurand_but_throttling_and_ratios_of_sources() -> None:
    assert {r.measurand for r in FOUND} == set(ROWS)
    assert set(MEASURANDS) - set(ROWS) - SPANS - GRAPHS == {
        "throttled_ratio@1",
        "throttle_events@1",
        "power_ratio@1",
        *(d.id for d in SERVED),
    }


@pytest.mark.parametrize("result", FOUND, ids=name_of)
def test_no_row_is_dropped(result: Result) -> None:
    found = symbols(budget(result))
    assert set(found) == ROWS[result.measurand] | {"repeatability", "agent"}
    assert len(found) == len(set(found))
    assert (found[0], found[-1]) == ("repeatability", "agent")


@pytest.mark.parametrize("result", FOUND, ids=name_of)
def test_the_value_stays_and_every_row_says_how_it_was_evaluated(result: Result) -> None:
    found = budget(result)
    assert found.value == result.value
    assert found.unit == result.unit
    for row in found.rows:
        texts = (row.input.name, row.input.source, row.input.evaluation)
        assert all(text.zh and text.en for text in texts)
        assert (row.input.u is None) == ("not evaluated" in row.input.evaluation.en)
        assert (row.c is None) == (row.input.u is None)


@pytest.mark.parametrize("result", FOUND, ids=name_of)
def test_the_equation_names_every_input_that_does_not_cancel(result: Result) -> None:
    named = set(re.findall(r"[A-Za-z_]+", budget(result).model.partition(";")[0]))
    for term in terms_of(measured_of(result)):
        assert (term.input.symbol in named) == (term.shape != "cancels")


@pytest.mark.parametrize(
    "result", [r for r in FOUND if r.budget and r.budget.U is not None], ids=name_of
)
def test_u_is_at_least_that_of_type_a(result: Result) -> None:
    found = budget(result)
    assert result.spread is not None
    assert found.u is not None
    assert found.u >= (result.spread.u or 0.0)


@pytest.mark.parametrize(
    "result", [r for r in FOUND if r.budget and r.budget.U is not None], ids=name_of
)
def test_taking_the_uncertainty_of_any_row_away_never_raises_u(result: Result) -> None:
    found = budget(result)
    assert found.u is not None
    of = measured_of(result)
    terms = terms_of(of)
    for term in terms:
        if not term.input.u or term.shape == "cancels":
            continue
        less = [exactly(t) if t is term else t for t in terms if t.shape != "cancels"]
        model = Model("less", partial(value_of, less))
        without = propagate(model, [t.input for t in less])
        assert without.u is not None
        assert without.u <= found.u * (1 + 1e-12)


def exactly(term: Term) -> Term:
    return replace(term, input=replace(term.input, u=0.0))


def measured_of(result: Result) -> Measured:
    seen = next(
        o
        for o in REDUCED.results
        if (o.measurand, o.scope, o.source, o.statistic)
        == (result.measurand, result.scope, result.source, result.statistic)
    )
    assert seen.basis is not None
    assert result.value is not None
    return Measured(seen, result.value, result.spread, seen.basis, CONDITIONS)


def test_estimates_in_the_equation_have_the_digits_that_give_the_value_again() -> None:
    of = above_idle()
    assert of.channel.idle is not None
    idle = replace(of.channel.idle, power_w=6.03011565447)
    near = replace(of, basis=replace(of.basis, channel=replace(of.channel, idle=idle)))
    assert "(P_idle - 6.03011565447)" in budget_of(near).model
