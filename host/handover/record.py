"""The record: what is handed in, compared and verified. JSON on disk, typed here.

Metrological numbers are decimal strings, ns are strings, units are UCUM codes, prose comes as
zh and en (`shared` design, "The record"). A change of any field bumps SCHEMA_VERSION.
"""

from __future__ import annotations

from typing import Any

import msgspec

from host.handover.formal import (
    CustomerField,
    EnvironmentField,
    EquipmentField,
    LaboratoryField,
    PersonField,
    StatusField,
)
from host.handover.quantity import BudgetField, Definition, Quantity
from host.handover.text import Txt

SCHEMA_NAME = "inferometer/record"
SCHEMA_VERSION = "0.2.0"


class AttemptField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attempt: status, reason and the hash of all its output tokens in order."""

    number: int
    status: str
    reason: str
    requests: int
    output_tokens: int
    output_sha256: str


class Attempts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many attempts of each status; none is dropped."""

    planned: int
    valid: int
    void: int
    incomplete: int
    attempts: tuple[AttemptField, ...]


class SourceField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source over all attempts: what it gave and what it cost."""

    source: str
    channels: tuple[str, ...]
    tier: str
    ticks: int
    missed: int
    late: int
    achieved_hz: str
    read_p50_ns: str
    read_max_ns: str
    refresh_hz: dict[str, str]


class AbsentField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source that was not there, why, and what would fix it."""

    source: str
    reason: str
    fix: str


class GapField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Missing readings of one channel in one attempt, by reason."""

    attempt: int
    channel: str
    reason: str
    count: int


class Warning_(msgspec.Struct, frozen=True, forbid_unknown_fields=True):  # noqa: N801
    """Something a reader must know: code, number, limit and next step."""

    code: str
    text: Txt
    number: str = ""
    limit: str = ""
    next: Txt | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First thing a reader sees. status: `valid`, `void` or `incomplete`."""

    status: str
    text: Txt
    reasons: tuple[str, ...]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record of one run. Free-form fields hold what device, model and engine said.

    record_id: `urn:sha256:` of the RFC 8785 bytes of all other fields.
    payload_sha256: SHA-256 of the bag's payload manifest, "" for a folder that is not sealed.
    """

    schema: dict[str, str]
    record_id: str
    kind: str
    title: Txt
    verdict: Verdict
    performed: dict[str, str]
    scope_statement: Txt
    item: dict[str, Any]
    model_artifact: dict[str, Any]
    runtime: dict[str, Any]
    dataset: dict[str, Any]
    plan: dict[str, Any]
    settings_sha256: str
    settings: dict[str, Any]
    attempts: Attempts
    results: tuple[Quantity, ...]
    conventions: tuple[Quantity, ...]
    definitions: tuple[Definition, ...]
    sources: tuple[SourceField, ...]
    absent: tuple[AbsentField, ...]
    gaps: tuple[GapField, ...]
    warnings: tuple[Warning_, ...]
    time: dict[str, Any]
    software: tuple[dict[str, str], ...]
    payload_sha256: str
    limitations: Txt
    status: StatusField = StatusField()
    record_no: str = ""
    laboratory: LaboratoryField | None = None
    customer: CustomerField | None = None
    people: tuple[PersonField, ...] = ()
    issued: str = ""
    item_received: str = ""
    method: dict[str, Any] = {}
    sampling_plan: dict[str, Any] = {}
    equipment: tuple[EquipmentField, ...] = ()
    environment: tuple[EnvironmentField, ...] = ()
    budgets: tuple[BudgetField, ...] = ()
    external_provider_results: tuple[str, ...] = ()
    opinions: Txt | None = None
    intended_use: Txt | None = None
    end_of_record: bool = True
