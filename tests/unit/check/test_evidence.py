from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from host.check.evidence import Facts, evidence_of
from host.handover.record import Record
from host.handover.signature import Code, SignatureOutcome
from host.handover.text import Txt
from tests.fakes.records import sample_record

DRAFT = sample_record(2)


def in_state(word: str) -> Record:
    status = msgspec.structs.replace(DRAFT.status, state=word)
    return msgspec.structs.replace(DRAFT, status=status)


ISSUED = in_state("issued")


def signed(person: str, role: str, key: str, code: Code = "valid") -> SignatureOutcome:
    text = Txt("签名", "a signature")
    return SignatureOutcome("f", DRAFT.record_id, key, person, "", person, role, code, text)


TWO = (signed("Ann", "operator", "1"), signed("Bo", "approver", "2"))


def test_an_issued_record_signed_by_two_people_is_signed_and_checked() -> None:
    found = evidence_of(Facts(ISSUED, TWO, sound=True))
    assert found.tier == "T1"
    assert [text.en for text in found.lacking] == [
        "attempts issued by a server, seeds drawn after the commit, and canaries"
    ]


@pytest.mark.parametrize("word", ["amended", "substituted"])
def test_a_record_that_took_the_place_of_another_can_be_signed_and_checked(word: str) -> None:
    assert evidence_of(Facts(in_state(word), TWO, sound=True)).tier == "T1"


@pytest.mark.parametrize(
    ("record", "signatures", "sound", "lacking"),
    [
        (ISSUED, TWO, False, ["all three verdicts hold"]),
        (DRAFT, TWO, True, ["the record is issued"]),
        (in_state("withdrawn"), TWO, True, ["the record is issued"]),
        (ISSUED, (), True, ["good signatures by two people"]),
        (ISSUED, TWO[:1], True, ["good signatures by two people"]),
        (ISSUED, (TWO[1], replace(TWO[0], code="unknown-key")), True, ["good signatures"]),
        (ISSUED, (TWO[1], replace(TWO[0], person="Bo")), True, ["good signatures"]),
        (ISSUED, (TWO[1], replace(TWO[0], person="bO")), True, ["good signatures"]),
        (
            ISSUED,
            (signed("Jos\u00e9", "operator", "1"), signed("Jose\u0301", "checker", "2")),
            True,
            ["good signatures"],
        ),
        (
            ISSUED,
            (signed("Li  Na", "operator", "1"), signed("Li Na", "checker", "2")),
            True,
            ["good signatures"],
        ),
        (ISSUED, (TWO[1], replace(TWO[0], key_id="2")), True, ["good signatures"]),
        (ISSUED, (TWO[0], replace(TWO[1], role="operator")), True, ["good signatures"]),
        (ISSUED, tuple(replace(s, record_id="urn:other") for s in TWO), True, ["good sign"]),
        (DRAFT, (), False, ["all three", "issued", "good signatures"]),
    ],
)
def test_what_is_lacking_keeps_a_record_self_reported_and_is_named(
    record: Record,
    signatures: tuple[SignatureOutcome, ...],
    sound: bool,  # noqa: FBT001
    lacking: list[str],
) -> None:
    found = evidence_of(Facts(record, signatures, sound=sound))
    assert found.tier == "T0"
    assert len(found.lacking) == len(lacking)
    for text, words in zip(found.lacking, lacking, strict=True):
        assert words in text.en
        assert text.zh


def test_a_checker_counts_as_well_as_an_approver() -> None:
    checked = (TWO[0], replace(TWO[1], role="checker"))
    assert evidence_of(Facts(ISSUED, checked, sound=True)).tier == "T1"
