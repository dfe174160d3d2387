"""Certificates of keys: a laboratory key signs the exact bytes of another public key file.

A DSSE envelope with a payload type of its own, so that it can never be taken for a signature
over a record. One level deep: a certified key certifies nobody.
"""

from __future__ import annotations

from collections.abc import Mapping

from host.errors import UsageError
from host.sign.envelope import Envelope, holds, read_envelope, signed_with
from host.sign.keys import SigningKey
from host.sign.moments import moment
from host.sign.public import PublicKey, read_public

PAYLOAD_TYPE = "application/vnd.inferometer.public-key+toml"


def certificate(public_file: bytes, name: str, laboratory: SigningKey) -> Envelope:
    """Certify a public key file. Raises UsageError for what is none, or for a key by itself."""
    public = read_public(public_file, name)
    if public.id == laboratory.id:
        raise UsageError(name, "is the laboratory key itself; a key cannot certify itself")
    return signed_with(Envelope(PAYLOAD_TYPE, public_file, ()), laboratory)


def read_certificate(raw: bytes, name: str) -> Envelope:
    """Read a certificate, nothing in it verified yet. Raises FolderError for what is none."""
    return read_envelope(raw, PAYLOAD_TYPE, name)


def certified_by(
    envelope: Envelope, laboratories: Mapping[str, PublicKey], ended: Mapping[str, str]
) -> tuple[PublicKey | None, str, str]:
    """(key, id of the laboratory key, "") or (None, "", why not).

    ended: id of a laboratory key -> the moment from which it was revoked, "" if nothing it ever
    signed counts. The time of certifying is taken to be that of the certified key, which is
    the earliest it can be.
    """
    problem = "is certified by no laboratory key that lies in the trust folder"
    for signature in envelope.signatures:
        laboratory = laboratories.get(signature.key_id)
        if laboratory is None:
            continue
        if not holds(envelope, signature):
            return None, "", "holds a signature that does not fit"
        try:
            public = read_public(envelope.payload, "the certified key")
        except UsageError as err:
            return None, "", str(err)
        made, end = moment(public.created), ended.get(laboratory.id)
        if end is not None and (not end or made.last >= moment(end).first):
            problem = "is certified by a laboratory key that is revoked"
        elif made.last > moment(laboratory.expires).last:
            problem = "was made after the laboratory key had expired"
        elif "laboratory" in public.roles:
            problem = "makes a laboratory key of another one; trust that one itself"
        else:
            return public, laboratory.id, ""
    return None, "", problem
