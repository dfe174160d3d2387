"""Signs the record of a sealed folder, stamps signatures, reads all of them for the checker."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from host.align.bag import check_bag, payload_sha256
from host.errors import FolderError, UsageError
from host.handover.formal import PersonField
from host.handover.record import Record
from host.handover.signature import SignatureOutcome
from host.handover.text import Txt
from host.pipeline.redo import redo
from host.run.folder import RunFolder, write_bytes
from host.run.lock import locked
from host.schema.canonical import from_bytes
from host.sign.check import Evidence, check_signatures, malformed
from host.sign.envelope import (
    Envelope,
    Signature,
    envelope_bytes,
    holds,
    read_envelope,
    signed_with,
)
from host.sign.keys import SigningKey
from host.sign.secrets import private_keys_in
from host.sign.statement import PAYLOAD_TYPE, payload_of, statement_of
from host.sign.timestamp import checked_time, imprint
from host.sign.trust import Trust

SIGNATURES = "signatures"
SUPERSEDED = "superseded"
_ENVELOPE = re.compile(r"([0-9a-f]{16})\.dsse\.json")
_TOKEN = re.compile(r"([0-9a-f]{16})-([0-9a-f]{16})\.tsr")
MAX_SIDE_FILE_BYTES = 1 << 20
MAX_RECORD_BYTES = 64 << 20
NO_RECORD = Txt("文件夹中没有此标识的记录", "no record in this folder has this identity")
NO_SIGNATURE = Txt("时间戳没有对应的签名", "a time stamp of no signature")


@dataclass(frozen=True, slots=True)
class Signable:
    """A folder whose record may be signed: what is on the disk is what the raw data give."""

    root: Path
    record: Record
    payload: bytes

    @property
    def stem(self) -> str:
        return stem_of(self.record.record_id)

    @property
    def envelope_path(self) -> Path:
        return self.root / SIGNATURES / f"{self.stem}.dsse.json"

    def token_path(self, key_id: str) -> Path:
        return self.root / SIGNATURES / f"{self.stem}-{key_id[:16]}.tsr"


def stem_of(record_id: str) -> str:
    """The first 16 hex digits of a record's identity: files that belong to it begin so."""
    return record_id.removeprefix("urn:sha256:")[:16]


def signable(root: Path) -> Signable:
    """Prove that the record of a folder may be signed.

    Raises FolderError for a folder that is not sealed or not as it was sealed, a record that does
    not come out of the raw data again, and a private key among the files.
    """
    folder = RunFolder(root)
    if not folder.data.is_dir():
        raise FolderError(str(root), "is no run folder (there is no data/ in it)")
    if not folder.sealed:
        raise FolderError(str(root), "is not sealed; `inferometer seal` closes it as it is")
    for finding in check_bag(root):
        raise FolderError(str(root), f"is not intact: {finding.file}: {finding.text.en}")
    secrets = private_keys_in(root)
    if secrets:
        raise FolderError(str(root / secrets[0]), "holds a private key; take it out and revoke it")
    redone = redo(root)
    stored = _read(folder.record, MAX_RECORD_BYTES)
    if stored != redone.record_bytes():
        raise FolderError(
            str(folder.record),
            "does not come out of the raw data again; `inferometer verify` says where it differs",
        )
    statement = statement_of(stored, redone.record, payload_sha256(root))
    return Signable(root, redone.record, payload_of(statement))


def people_of(record: Record, key_id: str) -> tuple[PersonField, ...]:
    """Those for whom a key signs. Raises UsageError when nobody of an issued record has it."""
    found = tuple(p for p in record.people if p.key == key_id)
    if not found and record.status.state != "draft":
        named = ", ".join(f"{p.role} {p.name}" for p in record.people if p.key) or "nobody"
        raise UsageError(f"key {key_id}", f"is not in the record, which names a key of {named}")
    return found


def add_signature(given: Signable, key: SigningKey) -> Signature:
    """Sign and write the envelope whole, the signatures of others in it as they were.

    Raises UsageError for a key that the record does not name or that has signed already,
    FolderError for an envelope that is there and no good.
    """
    people_of(given.record, key.id)
    with locked(given.root):
        _still_there(given)
        before = stored_envelope(given) or Envelope(PAYLOAD_TYPE, given.payload, ())
        try:
            after = signed_with(before, key)
        except ValueError as err:
            raise UsageError(given.envelope_path.name, str(err)) from err
        _write(given.envelope_path, envelope_bytes(after))
    return after.signatures[-1]


def _still_there(given: Signable) -> None:
    """Under the lock: the record is the one that was looked at, nobody issued another since."""
    path = RunFolder(given.root).record
    digest = hashlib.sha256(_read(path, MAX_RECORD_BYTES)).hexdigest()
    if digest.encode() not in given.payload:
        raise FolderError(str(path), "was replaced while it was being signed; sign it again")


def stored_envelope(given: Signable) -> Envelope | None:
    """The envelope that is there, None where nobody signed yet.

    Raises FolderError when it is no good, signs something else, or a signature in it fails.
    """
    path = given.envelope_path
    if not path.exists():
        return None
    found = read_envelope(_read(path, MAX_SIDE_FILE_BYTES), PAYLOAD_TYPE, str(path))
    if found.payload != given.payload:
        raise FolderError(str(path), "signs something else than this record")
    for each in found.signatures:
        if not holds(found, each):
            raise FolderError(
                str(path), f"holds a signature that does not fit (key {each.key_id})"
            )
    return found


def attach_stamp(
    given: Signable, response: bytes, roots: tuple[bytes, ...], nonce: int | None = None
) -> tuple[Signature, str]:
    """Put the answer of a time stamp authority beside the signature that it is for.

    Gives that signature and the proved time. Raises UsageError for an answer that is for none of
    them or does not hold; FolderError when there is a stamp already.
    """
    envelope = stored_envelope(given)
    if envelope is None:
        raise FolderError(str(given.root), "holds no signature of this record to be stamped")
    digest = imprint(response)
    for signature in envelope.signatures:
        if _digest(signature.value, len(digest)) == digest:
            when = checked_time(response, signature.value, roots, nonce)
            path = given.token_path(signature.key_id)
            with locked(given.root):
                if path.exists():
                    raise FolderError(str(path), "is there already; a stamp is never overwritten")
                _write(path, response)
            return signature, when
    raise UsageError("time stamp", "is for none of the signatures of this record")


def signature_outcomes(root: Path, trust: Trust) -> tuple[SignatureOutcome, ...]:
    """Every signature in a folder, of the record and of those it replaced, in order of names.

    What is signed must be what lies there; whether that comes out of the raw data is not asked
    here. Raises nothing for bad content: that is an outcome.
    """
    folder = root / SIGNATURES
    if not folder.is_dir():
        return ()
    records: dict[str, Path] = {}
    for path in _record_files(root):
        records.setdefault(_stem_in(path), path)  # no old copy may stand in for record.json
    names = sorted(p.name for p in folder.iterdir() if p.is_file() and not p.is_symlink())
    stamps = {m[0]: (m[1], m[2]) for n in names if (m := _TOKEN.fullmatch(n))}
    found: list[SignatureOutcome] = []
    for name in names:
        match = _ENVELOPE.fullmatch(name)
        if match is None:
            continue
        tokens = {
            key: _read(folder / token, MAX_SIDE_FILE_BYTES)
            for token, (stem, key) in stamps.items()
            if stem == match[1]
        }
        found += _of_envelope(folder / name, records.get(match[1]), tokens, trust)
    signed = {(stem_of(o.record_id), o.key_id[:16]) for o in found}
    for token, owner in stamps.items():
        if owner not in signed:
            found.append(malformed(f"{SIGNATURES}/{token}", "", NO_SIGNATURE))
    return tuple(found)


def _of_envelope(
    path: Path, record_path: Path | None, tokens: dict[str, bytes], trust: Trust
) -> tuple[SignatureOutcome, ...]:
    file = f"{SIGNATURES}/{path.name}"
    if record_path is None:
        return (malformed(file, "", NO_RECORD),)
    root = path.parent.parent
    try:
        record_bytes = _read(record_path, MAX_RECORD_BYTES)
        record = from_bytes(record_bytes, record_path.name)
        envelope = _read(path, MAX_SIDE_FILE_BYTES)
    except FolderError as err:
        return (malformed(file, "", Txt(str(err), str(err))),)
    evidence = Evidence(file, envelope, record_bytes, payload_sha256(root), tokens)
    return check_signatures(evidence, record, trust)


def _record_files(root: Path) -> Iterator[Path]:
    yield root / "record.json"
    yield from sorted((root / SUPERSEDED).glob("*.json"))


def _stem_in(path: Path) -> str:
    """The stem that the record in a file gives itself; that of its name where it is none."""
    try:
        return stem_of(from_bytes(_read(path, MAX_RECORD_BYTES), path.name).record_id)
    except FolderError:
        return path.stem


def _read(path: Path, limit_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(limit_bytes + 1)
    except OSError as err:
        raise FolderError(str(path), f"cannot be read ({err.strerror})") from err
    if len(found) > limit_bytes:
        raise FolderError(str(path), f"is larger than {limit_bytes} B")
    return found


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
        write_bytes(path, data)
    except OSError as err:
        raise FolderError(str(path), f"cannot be written ({err.strerror})") from err


def _digest(data: bytes, size_bytes: int) -> bytes:
    """The digest that has this length; RFC 3161 answers may use any of the SHA-2 family."""
    names = {32: "sha256", 48: "sha384", 64: "sha512"}
    return hashlib.new(names.get(size_bytes, "sha256"), data).digest()
