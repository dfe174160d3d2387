"""Checks the signatures of one record: bytes and trust in, outcomes out.

No file, no clock: whether a key had expired is judged at the time of signing, and that is what a
time stamp proves or, without one, what the record says of itself. The order is that of what can
be known: first whether the bytes fit, then whose key it is, then whether it counted at that
time, last whether its owner may sign in that role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from host.errors import FolderError, HostError
from host.handover.formal import PersonField
from host.handover.record import Record
from host.handover.signature import Code, SignatureOutcome, TimeSource
from host.handover.text import Txt
from host.schema.canonical import record_id_of
from host.sign.envelope import Envelope, Signature, holds, read_envelope
from host.sign.moments import moment
from host.sign.public import PublicKey, same_name
from host.sign.statement import PAYLOAD_TYPE, difference, statement_of
from host.sign.timestamp import checked_time
from host.sign.trust import STOLEN, Revocation, Trust
from host.sign.words import sentence

NOBODY = PersonField(name="", role="operator")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What lies in the folder for one record.

    file: name of the envelope. record_bytes: the record file as it is. manifest_sha256: of the
    payload manifest as it is. tokens: first 16 digits of a key id -> RFC 3161 answer.
    """

    file: str
    envelope: bytes
    record_bytes: bytes
    manifest_sha256: str
    tokens: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signed:
    """When a signature was made, as far as it is known, and what became of its time stamp."""

    at: str
    source: TimeSource
    token: Txt | None = None


def check_signatures(
    evidence: Evidence, record: Record, trust: Trust
) -> tuple[SignatureOutcome, ...]:
    """One outcome for each signature and person that it stands for, in the envelope's order.

    record: what record_bytes hold. A key that stands for two people, or for one in two roles,
    gives two outcomes. An envelope that cannot be read gives one without a key.
    """
    try:
        envelope = read_envelope(evidence.envelope, PAYLOAD_TYPE, evidence.file)
    except FolderError as err:
        said = str(err.args[-1])
        return (malformed(evidence.file, record.record_id, Txt(said, said)),)
    expected = statement_of(evidence.record_bytes, record, evidence.manifest_sha256)
    return tuple(
        outcome
        for signature in envelope.signatures
        for outcome in _outcomes(evidence, record, trust, (envelope, signature, expected))
    )


def malformed(file: str, record_id: str, detail: Txt) -> SignatureOutcome:
    """The outcome for an envelope that cannot be read at all."""
    zh, en = sentence("malformed", detail=detail.zh).zh, sentence("malformed", detail=detail.en).en
    return SignatureOutcome(
        file=file,
        record_id=record_id,
        key_id="",
        owner="",
        organisation="",
        person="",
        role="",
        code="malformed",
        text=Txt(zh, en),
    )


def _outcomes(
    evidence: Evidence,
    record: Record,
    trust: Trust,
    given: tuple[Envelope, Signature, Mapping[str, Any]],
) -> Iterator[SignatureOutcome]:
    envelope, signature, expected = given
    known = trust.keys.get(signature.key_id)
    signed = _time(evidence, record, trust, signature)
    people = [p for p in record.people if p.key == signature.key_id]
    broken, detail = _broken(envelope, signature, expected, record)
    for person in people or [NOBODY]:
        code: Code = broken or "unknown-key"
        if known is not None and not broken:
            revoked = trust.revocations(signature.key_id)
            bad, detail = _untimely(known.public, signed, revoked)
            if bad is None:
                bad, detail = _not_entitled(known.public, person, record)
            good: Code = "revoked-after" if revoked else "valid"
            code, detail = bad or good, detail or ", ".join(r.since for r in revoked)
        yield SignatureOutcome(
            file=evidence.file,
            record_id=record.record_id,
            key_id=signature.key_id,
            owner=known.public.owner if known else "",
            organisation=known.public.organisation if known else "",
            person=person.name,
            role=person.role if people else "",
            code=code,
            text=sentence(code, source=signed.source, detail=detail),
            signed_at=signed.at,
            time_source=signed.source,
            token=signed.token,
        )


def _broken(
    envelope: Envelope, signature: Signature, expected: Mapping[str, Any], record: Record
) -> tuple[Code | None, str]:
    if not holds(envelope, signature):
        return "invalid", ""
    differs = difference(envelope.payload, expected)
    if differs:
        return "other-record", differs
    if record.record_id != record_id_of(record):
        return "other-record", "record_id"
    return None, ""


def _time(evidence: Evidence, record: Record, trust: Trust, signature: Signature) -> Signed:
    """When it was signed: proved by a token, else claimed by the record, else only bounded."""
    token = evidence.tokens.get(signature.key_id[:16])
    said = None
    if token is not None:
        try:
            return Signed(
                checked_time(token, signature.value, trust.tsa_roots),
                "rfc3161",
                sentence("token-good"),
            )
        except HostError as err:
            said = sentence("token-bad", detail=str(err))
    claims: tuple[tuple[str, TimeSource], ...] = (
        (record.issued, "record.issued"),
        (record.performed.end, "record.performed"),
    )
    for text, source in claims:
        try:
            moment(text)
        except ValueError:
            continue
        return Signed(text, source, said)
    return Signed("", "none", said)


def _untimely(
    key: PublicKey, signed: Signed, revoked: tuple[Revocation, ...]
) -> tuple[Code | None, str]:
    """Why a key did not count when it signed."""
    for each in revoked:
        if not _surely_before(signed, each):
            return "revoked-before", f"{each.since} ({each.reason})"
    if signed.at and moment(signed.at).first > moment(key.expires).last:
        return "expired", key.expires
    dated = signed.source in ("rfc3161", "record.issued")
    if dated and moment(signed.at).last < moment(key.created).first:
        return "not-yet-valid", key.created
    return None, ""


def _not_entitled(key: PublicKey, person: PersonField, record: Record) -> tuple[Code | None, str]:
    """Why a key does not speak for a person; in a draft, nobody need be named yet."""
    if not person.key:
        return (None if record.status.state == "draft" else "not-named"), ""
    if not same_name(person.name, key.owner):
        return "other-person", key.owner
    if person.role not in key.roles:
        return "other-role", ", ".join(key.roles)
    return None, ""


def _surely_before(signed: Signed, revocation: Revocation) -> bool:
    """Whether it was signed before the key was revoked.

    The record's own date is the word of whoever held the key, so it says nothing for a key that
    somebody else may have held.
    """
    if signed.source == "rfc3161" or (
        signed.source == "record.issued" and revocation.reason not in STOLEN
    ):
        return moment(signed.at).last < moment(revocation.since).first
    return False
