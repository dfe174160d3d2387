"""The record: what is handed in, compared and verified. JSON on disk, typed here.

Metrological numbers are decimal strings, ns are strings, units are UCUM codes, prose comes as
zh and en (`shared` design, "The record"). A change of any field bumps SCHEMA_VERSION.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from host.handover.audit import ProbeField
from host.handover.fidelity import FidelityField
from host.handover.formal import (
    CustomerField,
    EnvironmentField,
    EquipmentField,
    LaboratoryField,
    MethodField,
    PersonField,
    SamplingPlanField,
    StatusField,
)
from host.handover.quantity import BudgetField, Definition, Quantity
from host.handover.scalars import (
    DayOrNone,
    Dec,
    LineOrNone,
    Ns,
    RecordId,
    Sha256,
    Sha256OrNone,
    TimeOrNone,
)
from host.handover.scores import ScoreField
from host.handover.text import Txt

SCHEMA_NAME: Final = "inferometer/record"
SCHEMA_VERSION: Final = "0.4.0"
Status = Literal["valid", "void", "incomplete"]
AMBIENT_TEMPERATURE = "ambient_temperature"


class AttemptField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One attempt: status, reason and the hash of all its output tokens in order."""

    number: int
    status: Status
    reason: str
    requests: int
    output_tokens: int
    output_sha256: Sha256


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
    achieved_hz: Dec
    read_p50_ns: Ns
    read_max_ns: Ns
    refresh_hz: dict[str, Dec]


class AbsentField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source that was not there, why, and what would fix it."""

    source: str
    reason: str
    fix: Txt


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

    status: Status
    text: Txt
    reasons: tuple[str, ...]


class SchemaField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name and version of the published schema that the record keeps."""

    name: Literal["inferometer/record"]
    version: Literal["0.4.0"]


class PerformedField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it was measured: labels `start` and `end`, and what clock they are of."""

    start: str
    end: str
    clock: Txt


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record of one run. Free-form fields hold what device, model and engine said.

    record_id: `urn:sha256:` of the RFC 8785 bytes of all other fields. issued: when the
    last statement but a withdrawal was made, "" for a draft. payload_sha256: SHA-256 of the bag's
    payload manifest, "" for a folder that is not sealed. Every field is there; what is not known
    is null, "" or empty.
    """

    schema: SchemaField
    record_id: RecordId
    record_no: LineOrNone
    kind: Literal["performance_test_report", "comparison", "intermediate_check"]
    title: Txt
    status: StatusField
    verdict: Verdict
    laboratory: LaboratoryField | None
    customer: CustomerField | None
    people: tuple[PersonField, ...]
    item_received: DayOrNone
    performed: PerformedField
    issued: TimeOrNone
    method: MethodField
    sampling_plan: SamplingPlanField
    scope_statement: Txt
    intended_use: Txt | None
    item: dict[str, Any]
    model_artifact: dict[str, Any]
    runtime: dict[str, Any]
    dataset: dict[str, Any]
    plan: dict[str, Any]
    settings_sha256: Sha256
    settings: dict[str, Any]
    equipment: tuple[EquipmentField, ...]
    environment: tuple[EnvironmentField, ...]
    attempts: Attempts
    results: tuple[Quantity, ...]
    budgets: tuple[BudgetField, ...]
    conventions: tuple[Quantity, ...]
    fidelity: FidelityField
    scores: tuple[ScoreField, ...]
    definitions: tuple[Definition, ...]
    sources: tuple[SourceField, ...]
    absent: tuple[AbsentField, ...]
    gaps: tuple[GapField, ...]
    warnings: tuple[Warning_, ...]
    time: dict[str, Any]
    external_provider_results: tuple[str, ...]
    opinions: Txt | None
    software: tuple[dict[str, str], ...]
    payload_sha256: Sha256OrNone
    limitations: Txt
    audit: tuple[ProbeField, ...]
    end_of_record: bool

    def __post_init__(self) -> None:
        """The end mark (ISO/IEC 17025, 7.8.2.1 d) is there, and the temperature is spoken of."""
        if not self.end_of_record:
            raise ValueError("end_of_record is not true")
        if all(e.quantity != AMBIENT_TEMPERATURE for e in self.environment):
            raise ValueError(f"environment says nothing of {AMBIENT_TEMPERATURE}")
