"""What the check of one signature came to: frozen, for the checker, the page and the command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from host.handover.text import Txt

Code = Literal[
    # The signature holds.
    "valid",  # by a key that this verifier knows or that its laboratory certified
    "revoked-after",  # the same; the key was revoked, but only after it signed
    # Bytes and signature do not belong together, or it is no envelope at all.
    "malformed",
    "invalid",
    "other-record",
    # The bytes are as the key signed them, but this signature counts for nothing here.
    "unknown-key",
    "not-named",  # the record names nobody with this key
    "other-person",  # the key belongs to somebody else than the record says
    "other-role",  # its owner may not sign in that role
    "expired",
    "not-yet-valid",
    "revoked-before",
]
TimeSource = Literal["rfc3161", "record.issued", "record.performed", "none"]

GOOD = frozenset({"valid", "revoked-after"})
BROKEN = frozenset({"malformed", "invalid", "other-record"})


@dataclass(frozen=True, slots=True)
class SignatureOutcome:
    """One signature of one record, or one envelope that could not be read (then no key_id).

    file: name inside the run folder. record_id: of the record that it was checked against.
    owner, organisation: as the trusted key file states them, "" for an unknown key.
    person, role: of the record's `people` entry that names the key, "" where none does.
    signed_at: RFC 3339 time or date, "" when nothing states one; what stated it is time_source:
    only `rfc3161` is proved, `record.issued` is what the signers claim, `record.performed` is
    the earliest possible time. token: what became of a time stamp beside the signature, None
    where there is none.
    """

    file: str
    record_id: str
    key_id: str
    owner: str
    organisation: str
    person: str
    role: str
    code: Code
    text: Txt
    signed_at: str = ""
    time_source: TimeSource = "none"
    token: Txt | None = None

    @property
    def good(self) -> bool:
        """Whether the signature counts for the person and role it names."""
        return self.code in GOOD

    @property
    def intact(self) -> bool:
        """Whether the bytes are those that were signed, by whomever."""
        return self.code not in BROKEN
