"""The laboratory file: what the operator writes once, TOML on disk, copied into every run."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from host.handover.formal import CustomerField, LaboratoryField, PersonField
from host.handover.scalars import Dec, Line, LineOrNone, Sha256OrNone
from host.handover.text import Txt

LABORATORY_VERSION = 1

Prose = Annotated[str, Meta(min_length=1, max_length=2000)]
RecordNumber = Annotated[str, Meta(pattern=r"^[^\x00-\x20\x7f]+$(?!\n)", max_length=100)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prose in both languages, neither of them empty."""

    zh: Prose
    en: Prose


class LaboratoryTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[laboratory]: who measures, where."""

    name: Words
    address: Words
    location: Words | None = None
    accreditation_no: LineOrNone = ""


class CustomerTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[customer]: for whom."""

    name: Words
    contact: LineOrNone = ""


class PersonTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[people]]: who answers in which role; key: id of the key that signs for it, or none."""

    name: Line
    role: Literal["operator", "checker", "approver"]
    key: Sha256OrNone = ""


class EnvironmentTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[[environment]]: what the laboratory states of its rooms, numbers as decimal strings."""

    quantity: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$(?!\n)", max_length=64)]
    name: Words
    value: Dec
    unit: Line
    source: Line
    U: Dec | None = None
    k: Dec | None = None


class Laboratory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One laboratory file. format: its version.

    record_no: pattern of record numbers; `{date}` is the day of issue as YYYYMMDD, `{id}` the
    first eight hex digits of the draft's identity.
    """

    format: Literal[1]
    record_no: RecordNumber
    laboratory: LaboratoryTable
    people: tuple[PersonTable, ...] = ()
    customer: CustomerTable | None = None
    intended_use: Words | None = None
    environment: tuple[EnvironmentTable, ...] = ()

    def laboratory_field(self) -> LaboratoryField:
        """As the record holds it."""
        table = self.laboratory
        return LaboratoryField(
            txt(table.name),
            txt(table.address),
            table.accreditation_no,
            txt(table.location) if table.location else None,
        )

    def customer_field(self) -> CustomerField | None:
        """As the record holds it; None where no customer is named."""
        if self.customer is None:
            return None
        return CustomerField(txt(self.customer.name), self.customer.contact)

    def people_fields(self) -> tuple[PersonField, ...]:
        """As the record holds them."""
        return tuple(PersonField(p.name, p.role, p.key) for p in self.people)


def txt(words: Words) -> Txt:
    """The same prose as the record holds it."""
    return Txt(words.zh, words.en)
