from dataclasses import replace
from math import inf, sqrt

import pytest

from host.evaluate import terms_common
from host.evaluate.terms import Measured
from host.handover.conditions import Perturbation
from tests.fakes.measured import DEVICE, energy, first_token, memory, rate


def perturbed(ratio: float, u: float, key: str = "decode_rate@1/") -> Measured:
    found = Perturbation(ratio=ratio, u=u, nu=4.0, pairs=5, origin="run-1")
    return replace(rate(), conditions=replace(DEVICE, perturbation={key: found}))


def test_repeatability_is_the_standard_deviation_of_the_mean() -> None:
    found = terms_common.repeatability(rate((19.0, 20.0, 21.0))).input
    assert found.u == pytest.approx(1 / sqrt(3))
    assert (found.kind, found.distribution, found.nu, found.n) == ("A", "t", 2.0, 3)
    assert found.estimate == 20.0


def test_one_attempt_has_no_repeatability() -> None:
    found = terms_common.repeatability(rate((20.0,))).input
    assert found.u is None
    assert "1 attempt has no spread" in found.evaluation.en
    assert "只有 1 次" in found.evaluation.zh


def test_equal_attempts_have_a_repeatability_of_zero_that_was_evaluated() -> None:
    assert terms_common.repeatability(rate((20.0, 20.0, 20.0))).input.u == 0.0


def test_a_quantile_has_no_repeatability_of_a_mean() -> None:
    found = terms_common.repeatability(replace(rate(), spread=None)).input
    assert found.u is None
    assert "order statistics" in found.evaluation.en


@pytest.mark.parametrize(
    ("make", "of", "shape", "unit"),
    [
        (terms_common.prompt_tokens, rate(), "times", "{token}"),
        (terms_common.steps, rate(), "times", "{token}"),
        (terms_common.per_token, energy(), "over", "{token}"),
        (terms_common.rate_bytes, rate(), "times", "By"),
        (terms_common.per_byte, energy(), "over", "By"),
        (terms_common.requests, first_token(), "over", "{count}"),
        (terms_common.intervals, rate(), "cancels", "{count}"),
        (terms_common.readings, memory(), "cancels", "{count}"),
    ],
)
def test_what_was_counted_is_a_row_without_uncertainty(
    make: object, of: Measured, shape: str, unit: str
) -> None:
    assert callable(make)
    term = make(of)
    assert (term.input.u, term.input.distribution) == (0.0, "constant")
    assert (term.shape, term.input.unit) == (shape, unit)


def test_a_count_is_the_mean_over_attempts() -> None:
    assert terms_common.steps(rate()).input.estimate == 200
    assert terms_common.intervals(rate()).input.estimate == 10


def test_a_rate_of_nothing_does_not_divide_by_it() -> None:
    none = replace(rate(), basis=replace(rate().basis, amount=0))
    assert terms_common.rate_bytes(none).shape == "cancels"


def test_the_agent_is_open_where_it_was_never_measured() -> None:
    found = terms_common.agent(rate()).input
    assert found.u is None
    assert found.estimate == 1.0
    assert found.evaluation.en.startswith("not evaluated")


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (rate(), "no on/off result for this quantity"),
        (energy(tier="B"), "sampling itself reads this quantity"),
        (energy(tier="A-"), "no on/off result by this meter"),
        (energy(tier="A"), "no on/off result by this meter"),
    ],
)
def test_the_agent_is_open_for_the_reason_that_holds(of: Measured, words: str) -> None:
    assert words in terms_common.agent(of).input.evaluation.en


def test_the_size_of_the_agents_load_goes_into_u() -> None:
    # ratio 0.98 with u 0.015: sqrt(0.02^2 + 0.015^2) = 0.025
    found = terms_common.agent(perturbed(0.98, 0.015)).input
    assert found.u == pytest.approx(0.025)
    assert found.estimate == 1.0
    assert found.nu == pytest.approx(4 * (0.025 / 0.015) ** 4)
    assert "F.2.4.5" in found.evaluation.en
    assert "run-1" in found.source.en


def test_a_ratio_known_exactly_has_all_degrees_of_freedom() -> None:
    found = terms_common.agent(perturbed(0.98, 0.0)).input
    assert found.u == pytest.approx(0.02)
    assert found.nu == inf


def test_an_energy_takes_the_ratio_of_its_own_meter_and_of_no_other() -> None:
    ratio = Perturbation(ratio=1.02, u=0.015, nu=4.0, pairs=5, origin="run-1")
    of = energy(tier="A")
    for key, u in (("board.power", 0.025), ("other.power", None)):
        known = replace(DEVICE, perturbation={f"energy@1/request/{key}": ratio})
        found = terms_common.agent(replace(of, conditions=known)).input
        assert found.u == (None if u is None else pytest.approx(u))


def test_a_ratio_of_another_quantity_is_not_borrowed() -> None:
    assert terms_common.agent(perturbed(0.98, 0.01, "decode_rate@1/chat")).input.u is None
