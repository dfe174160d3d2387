"""Public key files: who holds which Ed25519 key, in which roles, from when until when.

TOML that a person can read. The id is the SHA-256 of the 32 bytes of the key, so it can be read
aloud and compared; everything else in the file is only as good as the way it came.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from typing import Literal

import msgspec
import tomli_w

from host.errors import UsageError
from host.sign.moments import moment

SUFFIX = ".pub.toml"
MAX_FILE_BYTES = 16 << 10
KEY_ID = re.compile(r"[0-9a-f]{64}")
KEY_BYTES = 32  # RFC 8032 section 5.1.5
_MAX_NAME = 200
Role = Literal["operator", "checker", "approver", "laboratory"]


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A public key file. expires: the last day (UTC) on which it may sign.

    roles: those its owner may sign records in; `laboratory`: it may certify keys of others.
    """

    format: Literal["inferometer public key"]
    version: Literal[1]
    id: str
    algorithm: Literal["Ed25519"]
    public_key: str
    owner: str
    organisation: str
    roles: tuple[Role, ...]
    created: str
    expires: str

    @property
    def raw(self) -> bytes:
        """The 32 bytes of the key."""
        return strict_base64(self.public_key)


def key_id(raw: bytes) -> str:
    """SHA-256 of the raw public key, 64 hex digits."""
    return hashlib.sha256(raw).hexdigest()


def same_name(one: str, other: str) -> bool:
    """Whether two names are one, however their accents were typed (Unicode NFC)."""
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def strict_base64(text: str) -> bytes:
    """Bytes of standard base64 with padding, and of nothing that merely decodes.

    Raises ValueError; RFC 4648 section 3.5 leaves spare bits to the decoder, here they are 0.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as err:
        raise ValueError(f"no base64 ({err})") from err
    if base64.b64encode(raw).decode() != text:
        raise ValueError("no canonical base64")
    return raw


def read_public(raw: bytes, name: str) -> PublicKey:
    """Read a public key file. Raises UsageError with `name` for anything that is not one."""
    if len(raw) > MAX_FILE_BYTES:
        raise UsageError(name, f"is larger than a public key file can be ({MAX_FILE_BYTES} B)")
    try:
        found = msgspec.toml.decode(raw, type=PublicKey, strict=True)
        problem = _problem(found)
    except (msgspec.MsgspecError, ValueError) as err:
        raise UsageError(name, f"is no public key file of this version: {err}") from err
    if problem:
        raise UsageError(name, problem)
    return found


def write_public(key: PublicKey) -> bytes:
    """The bytes of a public key file; `read_public` gives the same back."""
    return tomli_w.dumps(msgspec.to_builtins(key)).encode()


def _problem(key: PublicKey) -> str:
    return _key_problem(key) or _owner_problem(key)


def _key_problem(key: PublicKey) -> str:
    raw = key.raw
    if len(raw) != KEY_BYTES:
        return f"holds a key of {len(raw)} bytes, Ed25519 has {KEY_BYTES}"
    if key.id != key_id(raw):
        return "states an id that is not the SHA-256 of its key"
    if weak(raw):
        return "holds a weak key: anybody can make signatures that fit it"
    return ""


def _owner_problem(key: PublicKey) -> str:
    if not all(_is_name(text) for text in (key.owner, key.organisation or "-")):
        return f"owner and organisation must be one line of at most {_MAX_NAME} characters"
    if not key.roles or len(set(key.roles)) != len(key.roles):
        return "must name each of its roles once"
    if moment(key.expires).last < moment(key.created).first:
        return "expires before it was made"
    return ""


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _MAX_NAME and text.isprintable() and text == text.strip()


_P = 2**255 - 19  # the field of Curve25519, RFC 8032 section 5.1


def weak(raw: bytes) -> bool:
    """Whether the point is none, or of small order: then one signature fits many messages.

    Small means that it divides 8, so that three doublings end at the neutral element (0, 1).
    Doubling is that of RFC 8032 section 5.1.4, in y alone: y' = (x^2 + y^2) / (2 + x^2 - y^2),
    where the curve gives x^2 = (y^2 - 1) / (d y^2 + 1).
    """
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    if y >= _P:
        return True
    d = -121665 * pow(121666, -1, _P) % _P
    for _ in range(3):
        x2 = (y * y - 1) * pow(d * y * y + 1, -1, _P) % _P
        y = (x2 + y * y) * pow(2 + x2 - y * y, -1, _P) % _P
    return y == 1
