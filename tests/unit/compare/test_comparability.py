from __future__ import annotations

import msgspec
import pytest

from host.compare.comparability import RULES, unlikes
from host.compare.run import Comparison, compare
from host.compare.unlike import Effect
from host.errors import UsageError
from host.handover.fidelity import FidelityField
from host.handover.formal import EquipmentField
from host.handover.record import Record
from host.handover.text import Txt
from host.schema.canonical import identified
from tests.fakes.compared import quantity, record, with_settings

FAST, SLOW = quantity([100.0, 101.0, 102.0]), quantity([50.0, 51.0, 52.0])
BYTES = quantity(
    [400.0, 404.0, 408.0],
    id="output_byte_rate@1/mean",
    measurand_id="output_byte_rate@1",
    unit="By/s",
)
ENERGY = quantity(
    [4.0, 4.1, 4.2],
    id="energy@1/mean/request/rapl",
    measurand_id="energy@1",
    unit="J",
    scope="request",
    source="rapl",
    tier="B",
    rule=Txt("计数器", "counter"),
)


def two(a: Record, b: Record) -> Comparison:
    return compare([a, b])


def found(comparison: Comparison, rule: str) -> tuple[Effect, tuple[str, ...]]:
    each = next(d for d in comparison.differences if d.rule == rule)
    return each.effect, each.values


def changed(made: Record, **fields: object) -> Record:
    return identified(msgspec.structs.replace(made, **fields))


def test_records_of_the_same_settings_are_comparable_as_a_whole() -> None:
    made = two(record(FAST), record(SLOW, run="b"))
    assert made.comparable
    assert {d.effect for d in made.differences} <= {Effect.SAID}


def test_every_setting_that_differs_is_listed_with_both_values() -> None:
    a = with_settings(record(FAST), context_tokens=512, warmups=1)
    b = with_settings(record(SLOW, run="b"), context_tokens=4096, warmups=2)
    made = two(a, b)
    listed = {d.path: d.values for d in made.differences if d.rule == "settings"}
    assert listed["settings.context_tokens"] == ("512", "4096")
    assert listed["settings.warmups"] == ("1", "2")
    assert not made.comparable
    assert made.pairs == ()


def test_a_setting_that_one_record_lacks_is_absent_there() -> None:
    made = two(record(FAST), with_settings(record(SLOW, run="b"), extra="x"))
    assert found(made, "settings") == (Effect.WHOLE, ("absent", "x"))


def test_another_dataset_is_not_comparable() -> None:
    a = record(FAST)
    b = record(SLOW, run="b", dataset={**a.dataset, "sha256": "0" * 64})
    made = two(a, b)
    assert found(made, "dataset")[0] is Effect.WHOLE
    assert made.extent == "none"


def test_with_other_tokenizers_only_bytes_are_compared() -> None:
    b = with_settings(record(SLOW, BYTES, run="b"), tokenizer_sha256="9" * 64)
    made = two(record(FAST, BYTES), b)
    assert not made.comparable
    assert made.extent == "part"
    verdicts = {p.measured_a.id: (p.verdict, p.reason) for p in made.pairs}
    assert verdicts["decode_rate@1/mean"] == ("refused", "tokenizer")
    assert verdicts["output_byte_rate@1/mean"][0] == "no_difference_shown"


def test_a_tokenizer_that_is_not_stated_counts_as_another() -> None:
    a = with_settings(record(FAST), tokenizer_sha256="not-stated")
    b = with_settings(record(SLOW, run="b"), tokenizer_sha256="not-stated")
    assert found(two(a, b), "tokenizer")[0] is Effect.PART


def test_another_version_of_a_measurand_refuses_it() -> None:
    newer = msgspec.structs.replace(SLOW, id="decode_rate@2/mean", measurand_id="decode_rate@2")
    made = two(record(FAST, BYTES), record(newer, BYTES, run="b"))
    assert found(made, "measurand-version")[0] is Effect.PART
    assert not made.comparable


def test_other_words_under_one_measurand_id_refuse_it() -> None:
    a, b = record(FAST, BYTES), record(SLOW, BYTES, run="b")
    words = tuple(
        msgspec.structs.replace(d, model=Txt(d.model.zh, "n / t"))
        if d.id == "decode_rate@1"
        else d
        for d in b.definitions
    )
    made = two(a, changed(b, definitions=words))
    assert [p.verdict for p in made.pairs if p.measured_a.id == FAST.id] == ["refused"]


def test_a_catalogue_that_has_grown_is_said_and_does_not_forbid() -> None:
    a = record(FAST)
    b = record(SLOW, run="b")
    b = with_settings(b, measurands=[*b.settings["measurands"], "new_thing@1"])
    made = two(a, b)
    assert found(made, "measurand-catalogue")[0] is Effect.SAID
    assert made.comparable


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("tier", "A", "power-tier"),
        ("rule", Txt("梯形", "trapezoid"), "integration-rule"),
        ("unit", "kJ", "unit"),
    ],
)
def test_tiers_rules_and_units_are_never_mixed(field: str, value: str | Txt, rule: str) -> None:
    other = msgspec.structs.replace(ENERGY, **{field: value})
    made = two(record(FAST, ENERGY), record(SLOW, other, run="b"))
    verdicts = {p.measured_a.id: (p.verdict, p.reason) for p in made.pairs}
    assert verdicts[ENERGY.id] == ("refused", rule)
    assert verdicts[FAST.id][0] == "lower"
    assert made.extent == "part"


def test_power_taken_at_another_place_is_not_comparable_without_conversion() -> None:
    other = msgspec.structs.replace(ENERGY, id="energy@1/mean/request/meter", source="meter")
    made = two(record(FAST, ENERGY), record(SLOW, other, run="b"))
    assert found(made, "power-boundary") == (Effect.PART, ("rapl", "meter"))
    assert not made.comparable
    assert ("A", (ENERGY.id,)) in made.unpaired


def calibrated(name: str) -> tuple[EquipmentField, ...]:
    kind = "transfer_calibration"
    return (EquipmentField(f"x#{name}", kind, "", "", name, "", "", ("rapl",), (), "B"),)


def test_a_source_that_one_side_corrects_is_not_compared_with_its_indication() -> None:
    a = changed(record(FAST, ENERGY), equipment=calibrated("a"))
    made = two(a, record(SLOW, ENERGY, run="b"))
    assert found(made, "power-correction") == (Effect.PART, ("transfer_calibration", "none"))
    verdicts = {p.measured_a.id: p.reason for p in made.pairs}
    assert verdicts[ENERGY.id] == "power-correction"
    both = two(a, changed(record(SLOW, ENERGY, run="b"), equipment=calibrated("b")))
    assert "power-correction" not in {d.rule for d in both.differences}


def test_power_that_only_one_has_is_no_difference_of_boundary() -> None:
    made = two(record(FAST, ENERGY), record(SLOW, run="b"))
    assert made.comparable
    assert made.unpaired == (("A", (ENERGY.id,)),)


@pytest.mark.parametrize("status", ["void", "incomplete"])
def test_a_record_that_is_not_valid_is_not_compared(status: str) -> None:
    b = record(SLOW, run="b")
    b = changed(b, verdict=msgspec.structs.replace(b.verdict, status=status))
    made = two(record(FAST), b)
    assert found(made, "verdict") == (Effect.WHOLE, ("valid", status))
    assert made.extent == "none"


def with_state(made: Record, state: str) -> Record:
    return changed(made, status=msgspec.structs.replace(made.status, state=state))


@pytest.mark.parametrize(
    ("state", "effect", "extent"),
    [("draft", Effect.SAID, "whole"), ("withdrawn", Effect.WHOLE, "none")],
)
def test_a_draft_is_said_and_nothing_rests_on_a_withdrawn_record(
    state: str, effect: Effect, extent: str
) -> None:
    made = two(with_state(record(FAST), "issued"), with_state(record(SLOW, run="b"), state))
    assert found(made, "state") == (effect, ("issued", state))
    assert made.extent == extent


@pytest.mark.parametrize("state", ["amended", "substituted"])
def test_a_record_that_stands_for_an_older_one_is_as_good_as_an_issued_one(state: str) -> None:
    made = two(with_state(record(FAST), "issued"), with_state(record(SLOW, run="b"), state))
    assert "state" not in {each.rule for each in made.differences}


def test_without_fidelity_nothing_is_ranked_and_it_is_said() -> None:
    made = two(record(FAST), record(SLOW, run="b"))
    assert not made.ranked
    assert found(made, "fidelity") == (Effect.SAID, ("absent", "absent"))


def test_two_records_of_one_run_are_not_independent() -> None:
    a = record(FAST)
    b = changed(a, limitations=msgspec.structs.replace(a.limitations, en="other words"))
    made = two(a, b)
    assert found(made, "same-run")[0] is Effect.WHOLE
    assert made.extent == "none"


def test_records_of_folders_that_are_not_sealed_are_not_taken_for_one_run() -> None:
    made = two(record(FAST, payload_sha256=""), record(SLOW, payload_sha256=""))
    assert made.comparable


@pytest.mark.parametrize(
    ("key", "rule"), [("timing_boundary", "timing-boundary"), ("stop", "settings")]
)
def test_a_setting_is_listed_once_and_by_its_own_rule(key: str, rule: str) -> None:
    made = two(record(FAST), with_settings(record(SLOW, run="b"), **{key: "another"}))
    listed = [(d.rule, d.effect) for d in made.differences if d.path == f"settings.{key}"]
    assert listed == [(rule, Effect.WHOLE)]


def test_uncertainties_of_another_extent_are_said() -> None:
    whole = msgspec.structs.replace(SLOW, uncertainty_status="evaluated")
    made = two(record(FAST), record(whole, run="b"))
    expected = (Effect.SAID, ("type_a_only", "evaluated"))
    assert found(made, "uncertainty-status") == expected


def test_the_same_record_twice_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="A and C are the same record"):
        compare([record(FAST), record(SLOW, run="b"), record(FAST)])


def test_one_record_is_no_comparison() -> None:
    with pytest.raises(UsageError, match="two records"):
        compare([record(FAST)])


def test_every_rule_speaks_both_languages_and_has_its_own_id() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.text.zh
        assert rule.text.en
    for each in unlikes([record(FAST), with_settings(record(SLOW, run="b"), stop="natural")]):
        assert each.text.zh
        assert each.text.en


def test_records_with_fidelity_are_ranked_and_two_references_are_said() -> None:
    def scored(made: Record, reference: str) -> Record:
        field = FidelityField(
            "reported",
            ranked=True,
            text=Txt("例", "example"),
            reference={"data_sha256": reference},
        )
        return changed(made, fidelity=field)

    one, other = scored(record(FAST), "a" * 64), scored(record(SLOW, run="b"), "b" * 64)
    alike = two(one, scored(record(SLOW, run="b"), "a" * 64))
    assert alike.ranked
    assert "fidelity" not in {each.rule for each in alike.differences}
    unlike = two(one, other)
    assert unlike.ranked
    assert found(unlike, "fidelity") == (Effect.SAID, ("a" * 64, "b" * 64))
    half = two(one, record(SLOW, run="b"))
    assert not half.ranked
    assert found(half, "fidelity") == (Effect.SAID, ("reported", "absent"))
