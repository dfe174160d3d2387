"""Who, where, with what, and how the record stands: the formal fields of a report."""

from __future__ import annotations

from typing import Literal

import msgspec

from host.handover.scalars import (
    Dec,
    Line,
    LineOrNone,
    RecordIdOrNone,
    Sha256,
    Sha256OrNone,
    TimeOrNone,
)
from host.handover.text import Txt

State = Literal["draft", "issued", "amended", "substituted", "withdrawn"]


class StatusField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the record stands (ISO/IEC 17025, 7.8.8). replaces: record_id of the one before."""

    state: State = "draft"
    replaces: RecordIdOrNone = ""
    reason: Txt | None = None
    date: TimeOrNone = ""


class LaboratoryField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who measured, where: ISO/IEC 17025, 7.8.2.1 b and c. location: where it was performed."""

    name: Txt
    address: Txt
    accreditation_no: LineOrNone = ""
    location: Txt | None = None


class CustomerField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom: ISO/IEC 17025, 7.8.2.1 e."""

    name: Txt
    contact: LineOrNone


class PersonField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers for the record, in which role. key: id of the public key that signs for it."""

    name: Line
    role: Literal["operator", "checker", "approver"]
    key: Sha256OrNone = ""


class CertificateField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calibration certificate of an instrument as it was used.

    channel: what it was used for. in_validity: the run lies between calibration and due date.
    in_range: the indications lie within its points.
    """

    channel: str

    number: str
    issuer: str
    accreditation: str
    calibrated: str
    due: str
    sha256: Sha256
    in_validity: bool
    in_range: bool | None
    reason: Txt | None = None


class EquipmentField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An instrument (ISO/IEC 17025, 6.4.13), its channels, and the tier it earned there."""

    id: str
    kind: str
    maker: str
    model: str
    serial: str
    firmware: str
    location: str
    channels: tuple[str, ...]
    certificates: tuple[CertificateField, ...]
    tier: str
    reason: Txt | None = None


class ReadingsField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an instrument read of the surroundings in a run, in the unit of its condition.

    n: readings, from the first to the last beside the attempts; least, most: of all of them.
    """

    channel: str
    n: int
    first: Dec
    last: Dec
    least: Dec
    most: Dec


class EnvironmentField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition of the surroundings; value None: not measured, `missing` says why.

    missing: the reason code, a colon, words; the code is alike in both languages. unit: UCUM.
    source: what it was read with, or who states it. U, k: where they are known. readings: behind
    a value that an instrument read in the run, their mean; null for one that somebody states.
    """

    quantity: str
    name: Txt
    value: Dec | None
    unit: str
    U: Dec | None = None
    k: Dec | None = None
    source: Txt | None = None
    equipment_ref: str = ""
    missing: Txt | None = None
    readings: ReadingsField | None = None


class MethodField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By what was measured: ISO/IEC 17025, 7.8.2.1 f and n.

    sha256: of the RFC 8785 bytes of the definitions, so that a changed definition shows. norms:
    documents that the evaluation follows. deviations: what this run did differently, or none.
    """

    id: str
    version: str
    title: Txt
    norms: tuple[str, ...]
    deviations: Txt
    sha256: Sha256


class SamplingPlanField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many, in what order, what was left out: ISO/IEC 17025, 7.8.2.1 k.

    runs: planned attempts, each a fresh load. exclusions: attempts that no result counts, each
    with its reason.
    """

    devices: int
    runs: int
    order: str
    randomised: bool
    seed: Dec
    warm_up: Txt
    cool_down_rule: Txt
    exclusions: tuple[Txt, ...]
