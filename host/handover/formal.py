"""Who, where, with what, and how the record stands: the formal fields of a report."""

from __future__ import annotations

from typing import Literal

import msgspec

from host.handover.text import Txt


class StatusField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the record stands (ISO/IEC 17025, 7.8.8). replaces: record_id of the one before."""

    state: Literal["draft", "issued", "amended", "substituted", "withdrawn"] = "draft"
    replaces: str = ""
    reason: Txt | None = None
    date: str = ""


class LaboratoryField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who measured, where: ISO/IEC 17025, 7.8.2.1 b and c."""

    name: Txt
    address: Txt
    accreditation_no: str = ""
    location: Txt | None = None


class CustomerField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom: ISO/IEC 17025, 7.8.2.1 e."""

    name: Txt
    contact: str


class PersonField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers for the record, in which role. key: id of the public key that signs for it."""

    name: str
    role: Literal["operator", "checker", "approver"]
    key: str = ""


class CertificateField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The calibration certificate of an instrument as it was used.

    in_validity: the run lies between calibration and due date. in_range: so do the indications.
    """

    number: str
    issuer: str
    accreditation: str
    calibrated: str
    due: str
    sha256: str
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


class EnvironmentField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A condition of the surroundings; value None: not measured, `missing` says why."""

    quantity: str
    name: Txt
    value: str | None
    unit: str
    U: str | None = None
    k: str | None = None
    source: str = ""
    equipment_ref: str = ""
    missing: str = ""
