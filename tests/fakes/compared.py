"""Records to compare: the sample record with results, device or settings of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from math import inf
from typing import Any

import msgspec

from host.compare.measured import Measured, SharedTerm
from host.evaluate.student import student_t
from host.handover.formal import EquipmentField
from host.handover.quantity import Quantity
from host.handover.record import Record
from host.handover.text import Txt
from host.schema.canonical import decimal, identified, sha256_of
from tests.fakes.records import sample_record

NAME = Txt("解码速率", "decode rate")
METER = EquipmentField(
    id="meter",
    kind="power_analyzer",
    maker="Example",
    model="PA-1",
    serial="0001",
    firmware="1.0",
    location="bench",
    channels=("meter.power",),
    certificates=(),
    tier="A",
)


def quantity(values: Sequence[float], **changed: Any) -> Quantity:  # noqa: ANN401
    """A decode rate over attempts, Type A only; `changed` replaces fields."""
    spread = student_t(values)
    made = Quantity(
        id="decode_rate@1/mean",
        measurand_id="decode_rate@1",
        name=NAME,
        statistic="mean",
        scope="",
        unit="{token}/s",
        value=decimal(sum(values) / len(values)),
        uncertainty_status="type_a_only" if spread.U is not None else "not_evaluated",
        n=len(values),
        u=None if spread.u is None else decimal(spread.u),
        nu_eff=None if spread.nu is None else str(spread.nu),
        k=None if spread.k is None else decimal(spread.k),
        U=None if spread.U is None else decimal(spread.U),
        by_attempt=tuple((i, decimal(v)) for i, v in enumerate(values, 1)),
    )
    return msgspec.structs.replace(made, **changed)


def measured(
    value: float, u: float | None, nu: float = inf, shared: Sequence[SharedTerm] = ()
) -> Measured:
    """A result with these numbers."""
    field = quantity([value], value=decimal(value), u=None if u is None else decimal(u))
    return Measured(field, value, u, nu, tuple(shared))


def term(signed: float, nu: float = inf, name: str = "clock") -> SharedTerm:
    """A budget row that others may share."""
    return SharedTerm(name, "x", signed, nu, "")


@cache
def _sample() -> Record:
    return sample_record()


def record(
    *results: Quantity,
    item: Mapping[str, Any] | None = None,
    run: str = "a",
    **changed: Any,  # noqa: ANN401
) -> Record:
    """The sample record with these results, of a run of its own, with a fitting identity.

    item: facts of the device beside those of the sample.
    """
    sample = _sample()
    before = {**sample.item["before"], **(item or {})}
    fields: dict[str, Any] = {
        "payload_sha256": sha256_of(run),
        "item": {**sample.item, "before": before},
        **changed,
    }
    if results:
        fields = {"budgets": (), "conventions": (), **fields, "results": tuple(results)}
    return identified(msgspec.structs.replace(sample, **fields))


def with_settings(made: Record, **changed: Any) -> Record:  # noqa: ANN401
    """The record with other settings and the hash that goes with them."""
    settings = {**made.settings, **changed}
    return identified(
        msgspec.structs.replace(made, settings=settings, settings_sha256=sha256_of(settings))
    )
