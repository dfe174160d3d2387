"""The record: what is handed in, compared and verified. JSON on disk, typed here.

Metrological numbers are decimal strings, ns are strings, units are UCUM codes, prose comes as
zh and en (`shared` design, "The record"). A change of any field bumps SCHEMA_VERSION.
"""

from __future__ import annotations

from typing import Any

import msgspec

SCHEMA_NAME = "inferometer/record"
SCHEMA_VERSION = "0.1.0"


class Txt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Prose in both languages."""

    zh: str
    en: str


class Reported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is printed: U to two significant digits, value to the same place.

    unit is for people (`token/s`); text is the whole statement, value, U, k and n. interval: the
    two sides of a distribution-free interval in that unit, `…` for a side that n cannot give.
    """

    value: str
    U: str | None
    unit: str
    text: Txt
    interval: tuple[str, str] | None = None


class IntervalField(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A distribution-free interval of a quantile; a missing side has its reason."""

    low: str | None
    high: str | None
    coverage: str | None
    kind: str
    reason: str = ""


class Quantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One result. value None: `missing` says why.

    uncertainty_status: `type_a_only` (repeatability over attempts, Type B not yet evaluated),
    `not_evaluated`, `exact_count`.
    """

    id: str
    measurand_id: str
    name: Txt
    statistic: str
    scope: str
    unit: str
    value: str | None
    uncertainty_status: str
    n: int
    u: str | None = None
    nu: str | None = None
    k: str | None = None
    p: str | None = None
    U: str | None = None
    interval: IntervalField | None = None
    bounds: tuple[str, str] | None = None
    by_attempt: tuple[tuple[int, str], ...] = ()
    reported: Reported | None = None
    source: str = ""
    tier: str = ""
    rule: str = ""
    missing: str = ""
    traceability: str = "none"


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a measurand or a convention means: model equation, start and stop event."""

    id: str
    name: Txt
    model: str
    unit: str
    start: str
    stop: str
    origin: str = ""


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
    end_of_record: bool = True
