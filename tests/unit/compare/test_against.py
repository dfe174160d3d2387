from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import msgspec
import pytest

from host.compare.against import Against, against
from host.compare.common import common_terms
from host.compare.consensus import consensus
from host.compare.measured import Measured, SharedTerm
from host.compare.pairs import Side, side
from host.compare.repeatability import condition, other_things, repeatability
from host.compare.run import compare
from host.compare.scores import by_e_n, by_z
from host.errors import UsageError
from host.handover.formal import LaboratoryField
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.text import Txt
from tests.fakes.compared import METER, quantity, record

HERE, THERE = {"serial": "S-1"}, {"serial": "S-2"}
ID = "decode_rate@1/mean"
LAB_A, LAB_B = quantity([50.0, 51.0, 52.0]), quantity([53.0, 54.0, 55.0])


def scored(a: Record, b: Record, sigma: float | None = None) -> Against:
    reference, lab = side("A", a), side("B", b)
    (made,) = against(reference, lab, (), {} if sigma is None else {ID: sigma})
    return made


def test_independent_results_get_zeta_and_e_n_with_its_rule() -> None:
    made = scored(record(LAB_A, item=HERE), record(LAB_B, item=THERE, run="b"))
    names = {score.name: score for score in made.scores}
    assert set(names) == {"zeta", "E_n"}
    assert names["E_n"].rule == "|E_n| <= 1"
    u = 1 / 3**0.5
    assert names["zeta"].value == pytest.approx(3 / (u * 2**0.5))
    assert names["E_n"].value == pytest.approx(3 / (4.302653 * u * 2**0.5))
    assert names["E_n"].outcome == "satisfactory"


def with_clock(made: Record, u: float, k: float) -> Side:
    """The record as a side whose result has a shared row of u = 0.5 of the device's clock."""
    a = side("A", made)
    (m,) = a.results.values()
    q = msgspec.structs.replace(m.quantity, u=str(u), U=str(u * k), nu_eff="inf")
    row = SharedTerm("clock", "rate", 0.5, inf, "")
    return replace(a, results={ID: replace(m, quantity=q, u=u, nu=inf, shared=(row,))})


def test_a_common_row_puts_the_covariance_into_zeta_and_e_n() -> None:
    a = with_clock(record(LAB_A, item=HERE), 0.6, 2.0)
    b = with_clock(record(LAB_B, item=HERE, run="b"), 0.8, 3.0)
    (made,) = against(a, replace(b, label="B"), (), {})
    assert made.refused == ""
    assert made.correlated == ("clock",)
    zeta, e_n = made.scores
    assert zeta.value == pytest.approx(3 / sqrt(0.36 + 0.64 - 2 * 0.25))
    assert e_n.value == pytest.approx(3 / sqrt(1.2**2 + 2.4**2 - 2 * 2 * 3 * 0.25))


def test_errors_in_common_that_leave_nothing_give_no_score_and_stop_nothing() -> None:
    a = with_clock(record(LAB_A, item=HERE), 0.5, 2.0)
    b = with_clock(record(LAB_B, item=HERE, run="b"), 0.5, 2.0)
    (made,) = against(a, replace(b, label="B"), (), {ID: 2.0})
    assert made.refused == "zero-uncertainty"
    assert [score.name for score in made.scores] == ["z", "z_prime"]


def test_a_consensus_says_how_few_degrees_of_freedom_it_rests_on() -> None:
    (found,) = consensus(
        compare([record(LAB_A, item=HERE), record(quantity([53.0, 54.0]), item=THERE, run="b")])
    )
    assert found.least_nu == 1


def test_a_common_row_puts_the_covariance_into_the_reference_value() -> None:
    sides = [
        with_clock(record(LAB_A, item=HERE), 0.6, 2.0),
        replace(with_clock(record(LAB_B, item=HERE, run="b"), 0.8, 2.0), label="B"),
    ]
    plain = compare([each.record for each in sides])
    (found,) = consensus(replace(plain, sides=tuple(sides)))
    assert found.reference is not None
    v_a, v_b, c = 0.36, 0.64, 0.25
    assert found.reference.u**2 == pytest.approx((v_a * v_b - c * c) / (v_a + v_b - 2 * c))


def test_rows_of_one_instrument_are_paired_by_their_symbols() -> None:
    def made(run: str, *symbols: str) -> tuple[Record, Measured]:
        rows = tuple(SharedTerm("meter", s, float(len(s)), inf, "") for s in symbols)
        one = record(LAB_A, item=HERE, run=run)
        (m,) = side("A", one).results.values()
        return one, replace(m, shared=rows)

    found = common_terms(made("a", "gain", "step"), made("b", "step", "gain", "offset"))
    assert [(x.symbol, y.symbol) for x, y in found] == [("gain", "gain"), ("step", "step")]


def test_one_meter_is_one_error_whatever_id_each_laboratory_gives_it() -> None:
    def made(name: str, serial: str) -> tuple[Record, Measured]:
        meter = msgspec.structs.replace(METER, id=name, serial=serial)
        one = record(LAB_A, item={"serial": name}, run=name, equipment=(meter,))
        (m,) = side("A", one).results.values()
        row = SharedTerm(f"equipment:{name}", "gain", 1.0, inf, name)
        return one, replace(m, shared=(row,), instruments=frozenset([name]))

    ours, theirs, another = made("meter", "1"), made("analyser", "1"), made("meter", "2")
    assert len(common_terms(ours, theirs)) == 1
    assert common_terms(ours, another) == ()


def test_laboratories_of_other_names_give_reproducibility() -> None:
    def at(name: str, run: str, values: Quantity) -> Record:
        place = Txt(name, name)
        return record(values, item=HERE, run=run, laboratory=LaboratoryField(place, place))

    one = compare([at("One", "a", LAB_A), at("One", "b", LAB_B)])
    two = compare([at("One", "a", LAB_A), at("Two", "b", LAB_B)])
    assert condition(one.sides) == "intermediate precision"
    assert condition(two.sides) == "reproducibility"


def test_sigma_pt_gives_z_and_z_prime() -> None:
    made = scored(record(LAB_A, item=HERE), record(LAB_B, item=THERE, run="b"), sigma=2.0)
    assert [score.name for score in made.scores] == ["z", "z_prime", "zeta", "E_n"]
    assert made.scores[0].value == 1.5


def test_one_device_shares_its_clock_so_zeta_and_e_n_are_refused() -> None:
    made = scored(record(LAB_A, item=HERE), record(LAB_B, item=HERE, run="b"), sigma=2.0)
    assert made.refused == "correlated"
    assert [score.name for score in made.scores] == ["z", "z_prime"]
    assert made.text is not None
    assert "clock of the device" in made.text.en


def test_one_meter_at_two_devices_refuses_what_was_read_from_it() -> None:
    power = quantity([5.0, 5.1], source="meter.power", id=ID)
    a = record(power, item=HERE, equipment=(METER,))
    b = record(power, item=THERE, run="b", equipment=(METER,))
    made = scored(a, b)
    assert made.refused == "correlated"
    assert made.text is not None
    assert "meter" in made.text.en


@pytest.mark.parametrize("values", [[50.0], [50.0, 50.0]])
def test_a_result_without_u_has_no_score(values: list[float]) -> None:
    made = scored(record(LAB_A, item=HERE), record(quantity(values), item=THERE, run="b"))
    assert made.refused == "no-U"
    assert made.scores == ()


@pytest.mark.parametrize(
    ("value", "outcome"),
    [(2.0, "satisfactory"), (-2.5, "questionable"), (3.0, "unsatisfactory")],
)
def test_limits_of_z_scores(value: float, outcome: str) -> None:
    assert by_z(value)[1] == outcome


def test_e_n_of_one_is_acceptable_and_the_rule_says_so() -> None:
    assert by_e_n(-1.0) == ("|E_n| <= 1", "satisfactory")
    assert by_e_n(1.0001)[1] == "unsatisfactory"


def test_repeatability_takes_attempts_as_replicates() -> None:
    made = compare([record(LAB_A, item=HERE), record(LAB_B, item=THERE, run="b")])
    (found,) = repeatability(made)
    assert found.groups == (("A", (50.0, 51.0, 52.0)), ("B", (53.0, 54.0, 55.0)))
    assert found.precision.s_r == pytest.approx(1.0)
    assert found.precision.n == 6
    assert condition(made.sides) == "reproducibility"


def test_one_device_gives_intermediate_precision_only() -> None:
    made = compare([record(LAB_A, item=HERE), record(LAB_B, item=HERE, run="b")])
    assert condition(made.sides) == "intermediate precision"


def test_devices_that_cannot_be_told_apart_are_not_called_reproducible() -> None:
    made = compare([record(LAB_A), record(LAB_B, run="b")])
    assert condition(made.sides) == "intermediate precision"


def test_another_model_file_is_another_thing() -> None:
    a = record(LAB_A)
    model = {**a.model_artifact, "sha256": "7" * 64}
    made = compare([a, record(LAB_B, run="b", model_artifact=model)])
    assert other_things(made) == ("model.sha256",)


def test_consensus_of_independent_devices() -> None:
    made = compare([record(LAB_A, item=HERE), record(LAB_B, item=THERE, run="b")])
    (found,) = consensus(made)
    assert found.reference is not None
    assert found.reference.value == pytest.approx(52.5)
    assert [e.label for e in found.reference.equivalences] == ["A", "B"]
    assert found.robust.x == pytest.approx(52.5)


def test_consensus_of_one_device_is_refused_and_says_why() -> None:
    made = compare([record(LAB_A, item=HERE), record(LAB_B, item=HERE, run="b")])
    (found,) = consensus(made)
    assert found.reference is None
    assert found.refused is not None
    assert "share" in found.refused.en


def test_more_records_than_letters_are_refused() -> None:
    with pytest.raises(UsageError, match="26 records at most"):
        compare([record(quantity([float(i), i + 1.0]), run=str(i)) for i in range(27)])
