from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from host.handover.signature import BROKEN, GOOD, SignatureOutcome
from host.schema.canonical import to_bytes
from host.sign.check import Evidence, check_signatures
from host.sign.envelope import Envelope, envelope_bytes, signed_with
from host.sign.statement import PAYLOAD_TYPE, payload_of, statement_of
from host.sign.trust import Reason, Revocation, Trust
from tests.fakes.signing import (
    ISSUED,
    MANIFEST,
    envelope_for,
    evidence_for,
    pair,
    person,
    record_for,
    trust_in,
)


def codes(outcomes: tuple[SignatureOutcome, ...]) -> list[str]:
    return [o.code for o in outcomes]


def test_operator_checker_and_approver_each_sign_the_same_bytes(tmp_path: Path) -> None:
    op, op_public = pair(tmp_path, "张伟", "operator")
    ch, ch_public = pair(tmp_path, "李娜", "checker")
    ap, ap_public = pair(tmp_path, "王芳", "approver")
    record = record_for(
        person(op_public), person(ch_public, "checker"), person(ap_public, "approver")
    )
    trust = trust_in(op_public, ch_public, ap_public)
    found = check_signatures(evidence_for(record, op, ch, ap), record, trust)
    assert codes(found) == ["valid"] * 3
    assert [(o.role, o.person) for o in found] == [
        ("operator", "张伟"), ("checker", "李娜"), ("approver", "王芳")
    ]  # fmt: skip
    assert all(o.good and o.intact for o in found)
    assert {(o.signed_at, o.time_source) for o in found} == {(ISSUED, "record.issued")}
    assert "nothing proves" in found[0].text.en


def test_one_key_in_two_roles_gives_an_outcome_for_each(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟", "operator", "checker")
    record = record_for(person(public), person(public, "checker"), person(public, "approver"))
    found = check_signatures(evidence_for(record, key), record, trust_in(public))
    assert [(o.role, o.code) for o in found] == [
        ("operator", "valid"), ("checker", "valid"), ("approver", "other-role")
    ]  # fmt: skip


def test_a_stranger_signs_well_and_still_counts_for_nothing(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    (found,) = check_signatures(evidence_for(record, key), record, Trust())
    assert (found.code, found.good, found.intact) == ("unknown-key", False, True)
    assert (found.owner, found.person) == ("", "张伟")


def test_a_known_key_that_an_issued_record_does_not_name_counts_for_nothing(
    tmp_path: Path,
) -> None:
    key, public = pair(tmp_path, "张伟")
    issued, draft = record_for(), record_for(state="draft", issued="")
    trust = trust_in(public)
    assert codes(check_signatures(evidence_for(issued, key), issued, trust)) == ["not-named"]
    (of_draft,) = check_signatures(evidence_for(draft, key), draft, trust)
    assert (of_draft.code, of_draft.time_source) == ("valid", "record.performed")


def test_a_record_cannot_lend_a_key_to_somebody_else(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟", "approver")
    record = record_for(person(public, "approver", name="王芳"))
    found = check_signatures(evidence_for(record, key), record, trust_in(public))
    assert codes(found) == ["other-person"]
    assert "张伟" in found[0].text.en


def test_a_name_is_the_same_however_its_accents_were_typed(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "Ren\u00e9")
    record = record_for(person(public, name="Rene\u0301"))
    assert codes(check_signatures(evidence_for(record, key), record, trust_in(public))) == [
        "valid"
    ]


@pytest.mark.parametrize(
    ("issued", "code"),
    [
        ("2026-01-01T00:00:00Z", "valid"),
        ("2025-12-31T23:59:59Z", "not-yet-valid"),
        ("2027-01-01T00:00:00Z", "valid"),
        ("2027-01-01T23:59:59.999Z", "valid"),
        ("2027-01-02T00:00:00Z", "expired"),
    ],
)
def test_a_key_counts_from_its_making_to_the_end_of_its_last_day(
    tmp_path: Path, issued: str, code: str
) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public), issued=issued)
    found = check_signatures(evidence_for(record, key), record, trust_in(public))
    assert codes(found) == [code]


@pytest.mark.parametrize(
    ("since", "reason", "code"),
    [
        ("2026-05-31", "replaced", "revoked-before"),
        ("2026-06-01", "replaced", "revoked-before"),
        ("2026-06-01T12:00:00Z", "left", "revoked-before"),
        ("2026-06-01T12:00:01Z", "left", "revoked-after"),
        ("2026-06-02", "replaced", "revoked-after"),
        ("2026-06-02", "left", "revoked-after"),
        ("2026-06-02", "other", "revoked-after"),
        ("2026-06-02", "lost", "revoked-before"),
        ("2026-06-02", "compromised", "revoked-before"),
    ],
)
def test_revocation_counts_from_its_date_and_a_stolen_key_cannot_date_itself(
    tmp_path: Path, since: str, reason: Reason, code: str
) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    revoked = (Revocation(public.id, since, reason),)
    found = check_signatures(evidence_for(record, key), record, trust_in(public, revoked=revoked))
    assert codes(found) == [code]
    assert found[0].good == (code == "revoked-after")


def test_the_earliest_revocation_counts_whatever_their_order(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    both = (
        Revocation(public.id, "2026-12-01", "replaced"),
        Revocation(public.id, "2026-02-01", "left"),
    )
    for revoked in (both, both[::-1]):
        trust = trust_in(public, revoked=revoked)
        found = check_signatures(evidence_for(record, key), record, trust)
        assert codes(found) == ["revoked-before"]


def test_a_draft_by_a_revoked_key_has_no_time_that_could_save_it(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    draft = record_for(state="draft", issued="")
    trust = trust_in(public, revoked=(Revocation(public.id, "2999-01-01", "replaced"),))
    assert codes(check_signatures(evidence_for(draft, key), draft, trust)) == ["revoked-before"]


def test_every_changed_byte_of_the_record_file_is_another_record(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    good, trust = evidence_for(record, key), trust_in(public)
    for place in range(0, len(good.record_bytes), 211):
        bad = bytearray(good.record_bytes)
        bad[place] ^= 1
        changed = replace(good, record_bytes=bytes(bad))
        (found,) = check_signatures(changed, record, trust)
        assert (found.code, found.intact) == ("other-record", False)
        assert "record.json" in found.text.en


def _reordered(raw: bytes) -> bytes:
    value = json.loads(raw)
    return json.dumps(dict(reversed(value.items())), ensure_ascii=False, indent=2).encode() + b"\n"


@pytest.mark.parametrize(
    "again",
    [
        _reordered,
        lambda raw: json.dumps(json.loads(raw), ensure_ascii=False).encode(),
        lambda raw: raw.replace(b'"number": 1,', b'"number": 1.0,', 1),
        lambda raw: raw[:-1],
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"\n", b"\r\n"),
    ],
    ids=["reordered", "one line", "1.0 for 1", "no last LF", "BOM", "CRLF"],
)
def test_the_same_content_in_other_bytes_is_not_what_was_signed(
    tmp_path: Path, again: object
) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    good = evidence_for(record, key)
    assert callable(again)
    changed = replace(good, record_bytes=again(good.record_bytes))
    assert changed.record_bytes != good.record_bytes
    assert codes(check_signatures(changed, record, trust_in(public))) == ["other-record"]


def test_another_payload_manifest_is_not_what_was_signed(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    changed = replace(evidence_for(record, key), manifest_sha256="0" * 64)
    (found,) = check_signatures(changed, record, trust_in(public))
    assert found.code == "other-record"
    assert "manifest-sha256.txt" in found.text.en


def test_the_envelope_of_another_record_does_not_fit(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    one, two = (
        record_for(person(public)),
        record_for(person(public), issued="2026-06-02T12:00:00Z"),
    )
    swapped = replace(evidence_for(one, key), envelope=evidence_for(two, key).envelope)
    assert codes(check_signatures(swapped, one, trust_in(public))) == ["other-record"]


def test_a_record_that_states_a_wrong_identity_does_not_fit(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    lying = msgspec.structs.replace(record_for(person(public)), record_id="urn:sha256:" + "0" * 64)
    found = check_signatures(evidence_for(lying, key), lying, trust_in(public))
    assert codes(found) == ["other-record"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("predicateType", "https://slsa.dev/provenance/v1"),
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("predicate", {"domain": "something else", "format_version": "1"}),
        ("predicate", {"domain": "inferometer/record-signature", "format_version": 1}),
        ("subject", []),
        ("subject", None),
    ],
)
def test_a_good_signature_over_another_statement_signs_no_record(
    tmp_path: Path, path: str, value: object
) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    statement = {**statement_of(to_bytes(record), record, MANIFEST), path: value}
    envelope = signed_with(Envelope(PAYLOAD_TYPE, payload_of(statement), ()), key)
    evidence = replace(evidence_for(record, key), envelope=envelope_bytes(envelope))
    assert codes(check_signatures(evidence, record, trust_in(public))) == ["other-record"]


def test_a_signed_payload_with_a_key_twice_is_no_statement(tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    payload = envelope_for(record).payload.replace(b'{"_type"', b'{"_type":"x","_type"', 1)
    envelope = signed_with(Envelope(PAYLOAD_TYPE, payload, ()), key)
    evidence = replace(evidence_for(record, key), envelope=envelope_bytes(envelope))
    (found,) = check_signatures(evidence, record, trust_in(public))
    assert found.code == "other-record"
    assert "twice" in found.text.en


def test_one_bad_signature_does_not_spoil_the_other(tmp_path: Path) -> None:
    op, op_public = pair(tmp_path, "张伟", "operator")
    ch, ch_public = pair(tmp_path, "李娜", "checker")
    record = record_for(person(op_public), person(ch_public, "checker"))
    envelope = envelope_for(record, op, ch)
    first, second = envelope.signatures
    mixed = replace(envelope, signatures=(replace(first, value=second.value), second))
    evidence = Evidence("f", envelope_bytes(mixed), to_bytes(record), MANIFEST)
    found = check_signatures(evidence, record, trust_in(op_public, ch_public))
    assert codes(found) == ["invalid", "valid"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"payload": "'])
def test_an_envelope_that_cannot_be_read_is_one_outcome_without_a_key(content: bytes) -> None:
    record = record_for()
    evidence = Evidence("signatures/x.dsse.json", content, to_bytes(record), MANIFEST)
    (found,) = check_signatures(evidence, record, Trust())
    assert (found.code, found.key_id, found.intact) == ("malformed", "", False)


def test_no_code_is_both_good_and_broken() -> None:
    assert not GOOD & BROKEN
