"""Statements of how a record stands: issued, amended, substituted, withdrawn (17025, 7.8.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from host.handover.formal import State
from host.handover.laboratory import Laboratory, RecordNumber, Words
from host.handover.scalars import DayOrNone, Line, RecordId, Time

STATEMENT_FORMAT: Final = "inferometer/statement"
STATEMENT_VERSION: Final = "1"
Stated = Literal["issued", "amended", "substituted", "withdrawn"]

# What may follow what. A withdrawn record stays withdrawn: a new run makes a new one.
FOLLOWING: Final[Mapping[State, tuple[Stated, ...]]] = {
    "draft": ("issued",),
    "issued": ("amended", "substituted", "withdrawn"),
    "amended": ("amended", "substituted", "withdrawn"),
    "substituted": ("amended", "substituted", "withdrawn"),
    "withdrawn": (),
}


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One statement, `statements/NNN-<state>.json`: RFC 8785 bytes, never changed.

    number: from 1 without a hole. replaces: identity of the record as it was before. laboratory:
    snapshot of the laboratory file; its people answer for this statement. reason: why, always
    there but for the issue of a valid run. received: day on which the item came, "" if not stated.
    """

    format: Literal["inferometer/statement"]
    version: Literal["1"]
    number: Annotated[int, Meta(ge=1, le=999)]
    state: Stated
    date: Time
    replaces: RecordId
    record_no: RecordNumber
    laboratory: Laboratory
    reason: Words | None
    received: DayOrNone
    opinions: Words | None
    external_provider_results: tuple[Line, ...]

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.number:03d}-{self.state}.json"
