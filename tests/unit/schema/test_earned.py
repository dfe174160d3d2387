from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from host.handover.formal import CertificateField, EquipmentField
from host.handover.record import Record
from host.handover.text import Txt
from host.schema.canonical import record_in
from host.schema.earned import unearned
from tests.fakes.records import sample_chain, sample_record

RECORD = sample_record(2)


def changed(change: Callable[[dict[str, Any]], Any]) -> Record:
    plain = msgspec.to_builtins(RECORD)
    change(plain)
    return record_in(plain, "x")


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_no_record_of_ours_uses_a_word_it_has_not_earned(attempts: int) -> None:
    assert list(unearned(sample_record(attempts))) == []


def test_issued_records_do_not_either() -> None:
    for record in sample_chain("issued", "amended")[1]:
        assert list(unearned(record)) == []


def limits(zh: str, en: str) -> Record:
    return changed(lambda r: r.update(limitations={"zh": zh, "en": en}))


@pytest.mark.parametrize(
    "text",
    [
        "All meters are calibrated.",
        "Results are traceable to SI.",
        "The device passes.",
        "This result conforms.",
        "The result is reproducible.",
        "仪器已校准。",
        "结果溯源至SI。",
        "结果符合要求。",
        "产品合格。",
    ],
)
def test_a_word_without_its_fields_is_found(text: str) -> None:
    for record in (limits(text, "x"), limits("x", text)):
        assert [place for place, _ in unearned(record)] == ["limitations"]


@pytest.mark.parametrize(
    "text",
    [
        "The meter is not calibrated.",
        "It is not traceable to UTC.",
        "Readings have no traceability.",
        "An uncalibrated meter.",
        "仪器未校准。",
        "未经校准。",
        "未溯源至UTC。",
        "没有有效校准。",
    ],
)
def test_a_word_that_is_denied_needs_nothing(text: str) -> None:
    assert list(unearned(limits(text, text))) == []


def test_calibrated_is_earned_by_a_certificate() -> None:
    certificate = CertificateField(
        "hwmon.board.power",
        "1",
        "lab",
        "acc",
        "2025",
        "2027",
        "c" * 64,
        in_validity=True,
        in_range=True,
    )
    meter = EquipmentField("m", "meter", "x", "y", "1", "2", "here", ("p",), (certificate,), "A")
    record = msgspec.structs.replace(limits("仪器已校准。", "calibrated"), equipment=(meter,))
    assert list(unearned(record)) == []


def test_traceable_is_earned_by_a_result_that_is() -> None:
    said = limits("结果溯源至SI。", "traceable")
    first = msgspec.structs.replace(said.results[0], traceability="SI")
    record = msgspec.structs.replace(said, results=(first, *said.results[1:]))
    assert list(unearned(record)) == []


def test_utc_is_earned_by_source_and_bound() -> None:
    text = {"zh": "时间戳溯源至UTC。", "en": "traceable to UTC"}
    bare = changed(lambda r: r["time"].update(traceability_text=text))
    assert {word for _, word in unearned(bare)} == {"溯源", "traceable"}
    named = {"utc_source": {"name": "chrony"}, "utc_bound_s": "0.001"}
    good = changed(lambda r: r["time"].update(traceability_text=text, **named))
    assert list(unearned(good)) == []


@pytest.mark.parametrize("field", ["U", "k", "p", "u", "nu_eff", "nu_used"])
def test_plus_minus_needs_every_part_of_u(field: str) -> None:
    place = next(n for n, q in enumerate(RECORD.results) if q.U is not None)
    record = changed(lambda r: r["results"][place].update({field: None}))
    assert list(unearned(record)) == [(RECORD.results[place].id, "±")]


def test_words_of_others_are_not_looked_at() -> None:
    record = msgspec.structs.replace(
        RECORD, title=Txt("已校准", "calibrated"), opinions=Txt("合格", "it passes")
    )
    assert list(unearned(record)) == []
