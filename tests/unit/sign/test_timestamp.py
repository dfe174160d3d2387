"""Time stamps against a real authority of openssl's."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from host.errors import DeviceError, UsageError
from host.sign.check import check_signatures
from host.sign.envelope import read_envelope
from host.sign.moments import moment
from host.sign.statement import PAYLOAD_TYPE
from host.sign.timestamp import ask_authority, checked_time, imprint, request_for
from host.sign.trust import Revocation, Trust
from tests.fakes.signing import evidence_for, pair, person, record_for, trust_in
from tests.fakes.time_authority import TimeAuthority, served, time_authority

SIGNATURE = bytes(range(64))
ALWAYS = {"created": "2020-01-01T00:00:00Z", "days": 36500}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return time_authority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture(scope="module")
def answer(authority: TimeAuthority) -> bytes:
    return authority.answer(request_for(SIGNATURE).der)


def test_an_answer_proves_its_time_against_the_root(
    authority: TimeAuthority, answer: bytes
) -> None:
    found = checked_time(answer, SIGNATURE, (authority.root,))
    assert found.endswith("Z")
    assert (moment(found).last - moment(found).first).total_seconds() < 1
    assert len(imprint(answer)) == 32


def test_the_nonce_must_be_that_of_the_request(authority: TimeAuthority) -> None:
    request = request_for(SIGNATURE)
    reply = authority.answer(request.der)
    assert checked_time(reply, SIGNATURE, (authority.root,), request.nonce)
    with pytest.raises(UsageError, match="Nonce"):
        checked_time(reply, SIGNATURE, (authority.root,), request.nonce + 1)


def test_other_bytes_have_no_time(authority: TimeAuthority, answer: bytes) -> None:
    with pytest.raises(UsageError, match="does not hold"):
        checked_time(answer, SIGNATURE[::-1], (authority.root,))


def test_an_answer_needs_a_root_and_the_right_one(
    authority: TimeAuthority, answer: bytes, tmp_path: Path
) -> None:
    stranger = time_authority(tmp_path / "b")
    with pytest.raises(UsageError, match="no root certificate"):
        checked_time(answer, SIGNATURE, ())
    with pytest.raises(UsageError, match="does not hold"):
        checked_time(answer, SIGNATURE, (stranger.root,))
    assert checked_time(answer, SIGNATURE, (stranger.root, authority.root))


@pytest.mark.parametrize("root", [b"", b"no certificate"])
def test_a_root_that_is_no_certificate_is_said(answer: bytes, root: bytes) -> None:
    with pytest.raises(UsageError, match="no PEM certificate"):
        checked_time(answer, SIGNATURE, (root,))


@pytest.mark.parametrize("content", [b"", b"0", b"<html>", b"\x30\x80"])
def test_what_is_no_answer_is_refused(authority: TimeAuthority, content: bytes) -> None:
    with pytest.raises(UsageError, match="no RFC 3161 answer"):
        checked_time(content, SIGNATURE, (authority.root,))


def test_a_refusal_of_the_authority_is_no_stamp(authority: TimeAuthority) -> None:
    refusal = authority.answer(b"no request")
    with pytest.raises(UsageError, match="not granted"):
        checked_time(refusal, SIGNATURE, (authority.root,))


def test_every_truncated_answer_is_refused(authority: TimeAuthority, answer: bytes) -> None:
    for length in range(0, len(answer), 13):
        with pytest.raises(UsageError):
            checked_time(answer[:length], SIGNATURE, (authority.root,))


def test_a_flipped_byte_never_gives_another_time(authority: TimeAuthority, answer: bytes) -> None:
    good = checked_time(answer, SIGNATURE, (authority.root,))
    refused = 0
    for place in range(len(answer)):
        bad = bytearray(answer)
        bad[place] ^= 1
        try:
            assert checked_time(bytes(bad), SIGNATURE, (authority.root,)) == good
        except UsageError:
            refused += 1
    assert refused > len(answer) // 2


def test_a_token_proves_when_each_signer_signed(authority: TimeAuthority, tmp_path: Path) -> None:
    key, public = pair(tmp_path, "张伟", **ALWAYS)  # type: ignore[arg-type]
    record = record_for(person(public))
    plain = evidence_for(record, key)
    (signature,) = read_envelope(plain.envelope, PAYLOAD_TYPE, "x").signatures
    token = authority.answer(request_for(signature.value).der)
    stamped = replace(plain, tokens={key.id[:16]: token})
    knows = replace(trust_in(public), tsa_roots=(authority.root,))
    (found,) = check_signatures(stamped, record, knows)
    assert (found.code, found.time_source) == ("valid", "rfc3161")
    assert found.signed_at == checked_time(token, signature.value, (authority.root,))

    (unproved,) = check_signatures(stamped, record, trust_in(public))
    assert (unproved.code, unproved.time_source) == ("valid", "record.issued")
    assert unproved.token is not None
    assert "no root certificate" in unproved.token.en

    for since, code in (("2020-06-01", "revoked-before"), ("2119-01-01", "revoked-after")):
        stolen = (Revocation(public.id, since, "compromised"),)
        (judged,) = check_signatures(stamped, record, replace(knows, revoked=stolen))
        assert judged.code == code


def test_a_token_of_another_signature_proves_nothing(
    authority: TimeAuthority, answer: bytes, tmp_path: Path
) -> None:
    key, public = pair(tmp_path, "张伟", **ALWAYS)  # type: ignore[arg-type]
    record = record_for(person(public))
    stamped = replace(evidence_for(record, key), tokens={key.id[:16]: answer})
    trust = replace(trust_in(public), tsa_roots=(authority.root,))
    (found,) = check_signatures(stamped, record, trust)
    assert (found.code, found.time_source) == ("valid", "record.issued")
    assert found.token is not None
    assert "does not hold" in found.token.en


def test_an_authority_answers_over_http(authority: TimeAuthority) -> None:
    request = request_for(SIGNATURE)
    with served(authority) as url:
        reply = ask_authority(url, request)
    assert checked_time(reply, SIGNATURE, (authority.root,), request.nonce)


def test_an_authority_out_of_order_is_a_device_that_failed(authority: TimeAuthority) -> None:
    with served(authority, broken=True) as url, pytest.raises(DeviceError, match="500"):
        ask_authority(url, request_for(SIGNATURE))


def test_an_address_must_be_http() -> None:
    with pytest.raises(UsageError, match="no http"):
        ask_authority("file:///etc/passwd", request_for(SIGNATURE))


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, answer: bytes, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(UsageError, match=r"inferometer\[timestamp\]"):
        request_for(SIGNATURE)
    key, public = pair(tmp_path, "张伟")
    record = record_for(person(public))
    stamped = replace(evidence_for(record, key), tokens={key.id[:16]: answer})
    (found,) = check_signatures(stamped, record, Trust())
    assert found.token is not None
    assert "extra" in found.token.en
