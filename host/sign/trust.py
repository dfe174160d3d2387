"""What one verifier knows: public keys, certificates by laboratory keys, revocations, TSA roots.

A folder of plain files: `*.pub.toml` (trusted because they lie there), `*.cert.dsse.json` (bench
keys that a laboratory key in the folder certified), `revoked.toml`, and `tsa/*.pem` (root
certificates of time stamp authorities). It is read as a whole or not at all: a damaged file must
not look like a key that was never revoked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec
import tomli_w

from host.errors import UsageError
from host.sign.certificate import certified_by, read_certificate
from host.sign.moments import moment
from host.sign.public import KEY_ID, SUFFIX, PublicKey, read_public

CERTIFICATE_SUFFIX = ".cert.dsse.json"
REVOKED = "revoked.toml"
TSA = "tsa"
ENVIRONMENT = "INFEROMETER_TRUST"
MAX_TRUST_BYTES = 4 << 20
Reason = Literal["compromised", "lost", "replaced", "left", "other"]
# After these somebody else may hold the key, so only a proved time shows that it was the owner.
STOLEN = frozenset({"compromised", "lost"})


class Revocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this moment on the key signs nothing. A later entry never undoes an earlier one."""

    key: str
    since: str = msgspec.field(name="from")
    reason: Reason
    note: str = ""


class _Revoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    revoked: tuple[Revocation, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that counts here. certified_by: id of the laboratory key, "" if trusted directly."""

    public: PublicKey
    certified_by: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known. refused: (file name, why) of certificates that prove nothing here."""

    keys: Mapping[str, KnownKey] = field(default_factory=lambda: MappingProxyType({}))
    revoked: tuple[Revocation, ...] = ()
    tsa_roots: tuple[bytes, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def revocations(self, key_id: str) -> tuple[Revocation, ...]:
        return tuple(r for r in self.revoked if r.key == key_id)


def trust_folder(given: Path | None = None) -> Path:
    """The folder given, else that of INFEROMETER_TRUST, else the user's own."""
    if given is not None or os.environ.get(ENVIRONMENT):
        return given or Path(os.environ[ENVIRONMENT])
    import platformdirs

    return Path(platformdirs.user_config_dir("inferometer")) / "trust"


def read_trust(folder: Path, *, must_exist: bool = False) -> Trust:
    """Read a trust folder; one that is not there knows nobody.

    Raises UsageError for a damaged file, two files of one key that differ, or a folder that
    everybody may write to; with `must_exist` also for a folder that is not there.
    """
    if not folder.is_dir():
        if must_exist:
            raise UsageError(str(folder), "is no trust folder")
        return Trust()
    if folder.stat().st_mode & 0o002:
        raise UsageError(
            str(folder), f"can be written by everybody; fix it with: chmod o-w {folder}"
        )
    revoked = read_revoked(folder)
    keys: dict[str, KnownKey] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        public = read_public(_bytes(path), str(path))
        if keys.setdefault(public.id, KnownKey(public)).public != public:
            raise UsageError(str(path), "holds a key that another file here states differently")
    refused = _certified(folder, keys, revoked)
    roots = tuple(_bytes(path) for path in sorted((folder / TSA).glob("*.pem")))
    return Trust(MappingProxyType(keys), revoked, roots, refused)


def read_revoked(folder: Path) -> tuple[Revocation, ...]:
    """The revocations of a trust folder. Raises UsageError for a file that is none."""
    path = folder / REVOKED
    if not path.exists() and not path.is_symlink():
        return ()
    try:
        found = msgspec.toml.decode(_bytes(path), type=_Revoked, strict=True).revoked
        for each in found:
            moment(each.since)
    except (msgspec.MsgspecError, ValueError) as err:
        raise UsageError(str(path), f"is no list of revoked keys: {err}") from err
    if not all(KEY_ID.fullmatch(each.key) for each in found):
        raise UsageError(str(path), "names something that is no key id (64 hex digits)")
    return found


def revoked_bytes(revoked: tuple[Revocation, ...]) -> bytes:
    """The bytes of `revoked.toml`."""
    return tomli_w.dumps({"revoked": [msgspec.to_builtins(r) for r in revoked]}).encode()


def _certified(
    folder: Path, keys: dict[str, KnownKey], revoked: tuple[Revocation, ...]
) -> tuple[tuple[str, str], ...]:
    """Add the keys that are certified by laboratory keys which lie in the folder themselves."""
    refused = []
    laboratories = {i: k.public for i, k in keys.items() if "laboratory" in k.public.roles}
    for path in sorted(folder.glob(f"*{CERTIFICATE_SUFFIX}")):
        envelope = read_certificate(_bytes(path), str(path))
        public, laboratory, problem = certified_by(envelope, laboratories, _ended(revoked))
        if public is None:
            refused.append((path.name, problem))
        elif keys.setdefault(public.id, KnownKey(public, laboratory)).public != public:
            raise UsageError(str(path), "certifies a key that another file states differently")
    return tuple(refused)


def _ended(revoked: tuple[Revocation, ...]) -> dict[str, str]:
    """Key id -> its earliest revocation, "" where somebody else may have used it before."""
    ended: dict[str, str] = {}
    for each in sorted(revoked, key=lambda r: (r.reason not in STOLEN, moment(r.since).first)):
        ended.setdefault(each.key, "" if each.reason in STOLEN else each.since)
    return ended


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(MAX_TRUST_BYTES + 1)
    except OSError as err:
        raise UsageError(str(path), f"cannot be read ({err.strerror})") from err
    if len(found) > MAX_TRUST_BYTES:
        raise UsageError(str(path), f"is larger than {MAX_TRUST_BYTES} B")
    return found
