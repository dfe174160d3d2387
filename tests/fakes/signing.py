"""Keys of made-up people and records that name them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec

from host.handover.formal import PersonField, StatusField
from host.handover.record import Record
from host.schema.canonical import identified, to_bytes
from host.sign.check import Evidence
from host.sign.envelope import Envelope, envelope_bytes, signed_with
from host.sign.keys import MadeKey, Owner, SigningKey, make_key, read_private
from host.sign.public import PublicKey, Role
from host.sign.statement import PAYLOAD_TYPE, payload_of, statement_of
from host.sign.trust import KnownKey, Revocation, Trust
from tests.fakes.records import sample_record

MANIFEST = hashlib.sha256(b"manifest").hexdigest()
ISSUED = "2026-06-01T12:00:00Z"
CREATED, DAYS = "2026-01-01T00:00:00Z", 365


def never_asked() -> bytes:
    raise AssertionError("nobody should be asked for a passphrase")


def made(
    folder: Path, name: str, *roles: Role, created: str = CREATED, days: int = DAYS
) -> MadeKey:
    """A key pair on the disk."""
    return make_key(Owner(name, "Example", roles or ("operator",), created, days), folder)


def pair(
    folder: Path, name: str, *roles: Role, created: str = CREATED, days: int = DAYS
) -> tuple[SigningKey, PublicKey]:
    """A key pair, read back."""
    found = made(folder, name, *roles, created=created, days=days)
    return read_private(found.private, never_asked), found.key


@cache
def _base() -> Record:
    return sample_record(2)


def record_for(*people: PersonField, state: str = "issued", issued: str = ISSUED) -> Record:
    """A record that names these people."""
    status = msgspec.convert({"state": state}, StatusField)
    return identified(
        msgspec.structs.replace(_base(), status=status, people=people, issued=issued)
    )


def person(key: PublicKey, role: Role = "operator", name: str = "") -> PersonField:
    return msgspec.convert({"name": name or key.owner, "role": role, "key": key.id}, PersonField)


def envelope_for(record: Record, *keys: SigningKey) -> Envelope:
    statement = statement_of(to_bytes(record), record, MANIFEST)
    envelope = Envelope(PAYLOAD_TYPE, payload_of(statement), ())
    for key in keys:
        envelope = signed_with(envelope, key)
    return envelope


def evidence_for(record: Record, *keys: SigningKey) -> Evidence:
    return Evidence(
        "signatures/x.dsse.json",
        envelope_bytes(envelope_for(record, *keys)),
        to_bytes(record),
        MANIFEST,
    )


def trust_in(*keys: PublicKey, revoked: tuple[Revocation, ...] = ()) -> Trust:
    return Trust({key.id: KnownKey(key) for key in keys}, revoked)
