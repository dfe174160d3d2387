"""What a signature over a record says: an in-toto Statement v1 of digests, and no more.

Subjects are the record file (digest of its exact bytes; its identity as URI), the payload manifest
and with it every raw file, and the files that the record names by hash: model, tokenizer,
dataset, calibration certificates. No field of the record is repeated, so none can be repeated
differently. The predicate carries the domain and the format version, so that a signature for
this purpose can be taken for no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from agent.wire import WireError, strict_json
from host.handover.record import Record
from host.schema.canonical import canonical_bytes

PAYLOAD_TYPE = "application/vnd.in-toto+json"  # in-toto/attestation, spec/v1/envelope.md
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"  # in-toto/attestation, spec/v1/statement.md
PREDICATE_TYPE = "urn:inferometer:predicate:record-signature:v1"
DOMAIN = "inferometer/record-signature"
FORMAT_VERSION = "1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def statement_of(record_bytes: bytes, record: Record, manifest_sha256: str) -> dict[str, Any]:
    """The statement for a record. record_bytes: the file as it is; `record` is what it holds.

    manifest_sha256: of the payload manifest as it stands on the disk.
    """
    subjects = [
        _subject("record.json", sha256(record_bytes).hexdigest(), uri=record.record_id),
        _subject("manifest-sha256.txt", manifest_sha256),
        *(_subject(name, digest) for name, digest in _named(record)),
    ]
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": PREDICATE_TYPE,
        "predicate": {"domain": DOMAIN, "format_version": FORMAT_VERSION},
    }


def payload_of(statement: Mapping[str, Any]) -> bytes:
    """The bytes to be signed: RFC 8785, though no reader depends on that."""
    return canonical_bytes(statement)


def difference(payload: bytes, expected: Mapping[str, Any]) -> str:
    """The first thing in which a payload is not the statement expected, "" for none.

    Only for payloads over which a signature held: they are parsed here.
    """
    try:
        found = strict_json(payload)
    except WireError as err:
        return f"payload ({err})"
    if found == expected:
        return ""
    if not isinstance(found, dict) or set(found) != set(expected):
        return "fields of the statement"
    first = next(key for key in expected if found[key] != expected[key])
    if first != "subject" or not isinstance(found["subject"], list):
        return first
    stated = {str(s.get("name")): s for s in found["subject"] if isinstance(s, dict)}
    for subject in expected["subject"]:
        if stated.get(subject["name"]) != subject:
            return str(subject["name"])
    return "subject"


def _named(record: Record) -> Iterator[tuple[str, str]]:
    """(name, SHA-256) of the files that the record names, in its order, each hash once."""
    model = record.model_artifact
    yield from _digest("model", model.get("sha256"))
    yield from _digest("tokenizer", model.get("tokenizer_sha256"))
    yield from _digest("dataset", record.dataset.get("sha256"))
    certificates = dict.fromkeys(c.sha256 for e in record.equipment for c in e.certificates)
    for number, digest in enumerate(certificates, 1):
        yield from _digest(f"certificate-{number}", digest)


def _digest(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - free-form field
    if isinstance(value, str) and _SHA256.fullmatch(value):
        yield name, value


def _subject(name: str, digest: str, uri: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "digest": {"sha256": digest}}
    return {**found, "uri": uri} if uri else found
