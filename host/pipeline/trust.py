"""Changes the trust folder: adds keys and certificates, writes revocations."""

from __future__ import annotations

import os
from pathlib import Path

from host.errors import UsageError
from host.run.folder import write_bytes
from host.sign.certificate import certificate, read_certificate
from host.sign.envelope import envelope_bytes
from host.sign.keys import OWN_FOLDER, SigningKey, refuse_run_folder
from host.sign.moments import moment
from host.sign.public import KEY_ID, MAX_FILE_BYTES, SUFFIX, PublicKey, read_public
from host.sign.trust import (
    CERTIFICATE_SUFFIX,
    REVOKED,
    KnownKey,
    Reason,
    Revocation,
    read_revoked,
    read_trust,
    revoked_bytes,
)

MIN_PREFIX = 16
MAX_BYTES = 4 * MAX_FILE_BYTES  # a certificate holds a key file as base64, and signatures


def trust_file(folder: Path, path: Path) -> KnownKey:
    """Put a public key file, or a certificate of one, into a trust folder.

    Raises UsageError for what is neither, for a key that is there and stated differently, and for
    a certificate by nobody who is trusted there; then the folder is as it was.
    """
    refuse_run_folder(folder)
    raw = _read(path)
    is_certificate = raw.lstrip().startswith(b"{")
    payload = read_certificate(raw, str(path)).payload if is_certificate else raw
    public = read_public(payload, str(path))
    known = read_trust(folder).keys.get(public.id)
    if known is not None and known.public != public:
        raise UsageError(str(path), "states a key of the trust folder differently")
    suffix = CERTIFICATE_SUFFIX if is_certificate else SUFFIX
    _make(folder)
    target = folder / f"{public.id}{suffix}"
    before = target.read_bytes() if target.exists() else None
    _write(target, raw)
    after = read_trust(folder)
    for name, why in after.refused:
        if name == target.name:
            target.unlink() if before is None else _write(target, before)
            raise UsageError(str(path), why)
    return after.keys[public.id]


def revoke(folder: Path, prefix: str, since: str, reason: Reason, note: str) -> Revocation:
    """Add one entry to `revoked.toml`; none is ever taken out, and the earliest counts.

    prefix: the first 16 or more hex digits of a known key's id, or any id in full.
    """
    refuse_run_folder(folder)
    try:
        moment(since)
    except ValueError as err:
        raise UsageError("--from", str(err)) from err
    entry = Revocation(key=_full_id(folder, prefix), since=since, reason=reason, note=note)
    _make(folder)
    _write(folder / REVOKED, revoked_bytes((*read_revoked(folder), entry)))
    return entry


def certify(path: Path, laboratory: SigningKey, output: Path | None) -> tuple[PublicKey, Path]:
    """Certify a public key file and write the certificate; an existing one is not overwritten."""
    raw = _read(path)
    made = certificate(raw, str(path), laboratory)
    stem = path.name.removesuffix(SUFFIX)
    target = output or path.with_name(f"{stem}{CERTIFICATE_SUFFIX}")
    if target.exists():
        raise UsageError(str(target), "exists already")
    _write(target, envelope_bytes(made))
    return read_public(raw, str(path)), target


def _full_id(folder: Path, prefix: str) -> str:
    known = [i for i in read_trust(folder).keys if i.startswith(prefix)]
    if KEY_ID.fullmatch(prefix):
        return prefix
    if len(prefix) < MIN_PREFIX or len(known) != 1:
        raise UsageError(
            prefix, f"names no one key: give {MIN_PREFIX} or more digits of a known id, or all 64"
        )
    return known[0]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=OWN_FOLDER, parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError(str(folder), f"cannot be made ({os.strerror(err.errno or 0)})") from err


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise UsageError(str(path), f"cannot be read ({err.strerror})") from err
    if b"PRIVATE KEY-----" in found:
        raise UsageError(str(path), f"is a private key: hand it to nobody, give its {SUFFIX} file")
    if len(found) > MAX_BYTES:
        raise UsageError(str(path), "is larger than a public key file or a certificate can be")
    return found


def _write(path: Path, data: bytes) -> None:
    try:
        write_bytes(path, data)
    except OSError as err:
        raise UsageError(str(path), f"cannot be written ({err.strerror})") from err
