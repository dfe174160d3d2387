"""DSSE envelopes, version 1 (secure-systems-lab/dsse, envelope.md and protocol.md).

What is signed is PAE(payloadType, payload): type and bytes with their lengths, so no canonical
form is needed and nothing is parsed before a signature over it held. Stricter than the format:
unknown fields, base64 that is not canonical and two signatures by one key are refused. One field
is added to each signature, `publicKey`: the key id is its SHA-256, so that a reader who does not
know the key can still tell a good signature by a stranger from a bad one.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from typing import Any

from agent.wire import WireError, strict_json
from host.errors import FolderError
from host.sign.keys import SigningKey
from host.sign.public import KEY_BYTES, KEY_ID, key_id, strict_base64

MAX_ENVELOPE_BYTES = 1 << 20
MAX_SIGNATURES = 16
SIGNATURE_BYTES = 64  # RFC 8032 section 5.1.6
_FIELDS = {"payload", "payloadType", "signatures"}
_SIGNATURE_FIELDS = {"keyid", "sig", "publicKey"}


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature: key id, the raw key behind it (SHA-256 checked), 64 bytes."""

    key_id: str
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and those who signed it; nothing about it is verified yet."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Pre-authentication encoding: the bytes that are signed (DSSE protocol.md, "PAE")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def signed_with(envelope: Envelope, key: SigningKey) -> Envelope:
    """The envelope with one signature more. Raises ValueError for a key that signed it already."""
    if any(each.key_id == key.id for each in envelope.signatures):
        raise ValueError(f"key {key.id} has signed it already")
    value = key.sign(pae(envelope.payload_type, envelope.payload))
    return replace(envelope, signatures=(*envelope.signatures, Signature(key.id, key.raw, value)))


def holds(envelope: Envelope, signature: Signature) -> bool:
    """Whether the signature is that of its key over this payload (RFC 8032 section 5.1.7)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    message = pae(envelope.payload_type, envelope.payload)
    try:
        Ed25519PublicKey.from_public_bytes(signature.key).verify(signature.value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def envelope_bytes(envelope: Envelope) -> bytes:
    """The file: JSON, two spaces a level, one LF at the end."""
    value = {
        "payload": _base64(envelope.payload),
        "payloadType": envelope.payload_type,
        "signatures": [
            {"keyid": s.key_id, "publicKey": _base64(s.key), "sig": _base64(s.value)}
            for s in envelope.signatures
        ],
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def read_envelope(raw: bytes, payload_type: str, name: str) -> Envelope:
    """Read an envelope of this type. Raises FolderError with `name` and what is wrong with it.

    The payload stays bytes: it is not looked into here.
    """
    if len(raw) > MAX_ENVELOPE_BYTES:
        raise FolderError(name, f"is larger than an envelope can be ({MAX_ENVELOPE_BYTES} B)")
    try:
        found = _object(strict_json(raw), _FIELDS)
        _expect(found["payloadType"], payload_type)
        signatures = _signatures(found["signatures"])
        return Envelope(payload_type, _bytes(found["payload"]), signatures)
    except (WireError, ValueError) as err:
        raise FolderError(name, f"is no valid envelope: {err}") from err


def _expect(found: Any, payload_type: str) -> None:  # noqa: ANN401 - JSON of any shape
    if found != payload_type:
        raise ValueError(f"its payload is not of the type {payload_type}")


def _signatures(value: Any) -> tuple[Signature, ...]:  # noqa: ANN401 - JSON of any shape
    if not isinstance(value, list) or not 0 < len(value) <= MAX_SIGNATURES:
        raise ValueError(f"it must hold 1 to {MAX_SIGNATURES} signatures")
    found = tuple(_signature(each) for each in value)
    if len({each.key_id for each in found}) < len(found):
        raise ValueError("one key has signed twice")
    return found


def _signature(value: Any) -> Signature:  # noqa: ANN401 - JSON of any shape
    fields = _object(value, _SIGNATURE_FIELDS)
    key, signed, stated = _bytes(fields["publicKey"]), _bytes(fields["sig"]), fields["keyid"]
    if len(key) != KEY_BYTES or len(signed) != SIGNATURE_BYTES:
        raise ValueError("a key or a signature has a wrong length")
    if not isinstance(stated, str) or not KEY_ID.fullmatch(stated) or stated != key_id(key):
        raise ValueError("a key id is not the SHA-256 of its key")
    return Signature(stated, key, signed)


def _object(value: Any, names: set[str]) -> dict[str, Any]:  # noqa: ANN401 - JSON of any shape
    if not isinstance(value, dict) or set(value) != names:
        raise ValueError(f"it must hold {', '.join(sorted(names))} and nothing else")
    return value


def _bytes(value: Any) -> bytes:  # noqa: ANN401 - JSON of any shape
    if not isinstance(value, str):
        raise ValueError("base64 must be a string")  # noqa: TRY004 - bad data, not a bad call
    return strict_base64(value)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
