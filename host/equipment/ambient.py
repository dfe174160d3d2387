"""The surroundings as instruments of kind `ambient` read them beside the attempts. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from host.equipment import words
from host.equipment.use import Used
from host.handover.conditions import SensorTerm
from host.handover.equipment import Equipment, Instrument, Surrounding
from host.handover.formal import EnvironmentField, ReadingsField
from host.handover.text import Txt
from host.handover.trace import AlignedRun, FloatArray
from host.schema.canonical import decimal

HUMIDITY = "relative_humidity"
READ = Txt("本次运行中的读数，取平均值", "read in this run; the mean of its readings")
# Coverage factor of the U that is stated here: normal, about 95 % (JCGM 100, 6.3.3).
K = 2


@dataclass(frozen=True, slots=True)
class Air:
    """What one channel gave of one quantity over all attempts, in order of time, no NaN."""

    quantity: str
    channel: str
    unit: str
    values: FloatArray
    instrument: Instrument


def airs_of(run: AlignedRun, equipment: Equipment) -> tuple[Air, ...]:
    """Temperature and humidity of every ambient instrument, none without a reading.

    Readings between two attempts belong to both; each counts once.
    """
    ambient = {i.id: i for i in equipment.instrument if i.kind == "ambient" and i.connect}
    found: dict[str, list[tuple[int, float]]] = {}
    about: dict[str, tuple[str, str, Instrument]] = {}
    for series in (s for a in run.attempts for s in a.series):
        owner = next((i for i in ambient.values() if _gives(i, series.channel)), None)
        quantity = _quantity(series.channel, series.quantity)
        if owner is None or not quantity:
            continue
        about.setdefault(series.channel, (quantity, series.unit, owner))
        stamped = zip(series.t0_ns.tolist(), series.values.tolist(), strict=True)
        found.setdefault(series.channel, []).extend(stamped)
    return tuple(_airs(found, about))


def _airs(
    found: Mapping[str, Sequence[tuple[int, float]]],
    about: Mapping[str, tuple[str, str, Instrument]],
) -> Iterator[Air]:
    for channel, stamped in found.items():
        quantity, unit, owner = about[channel]
        ordered = [value for _, value in sorted(dict(stamped).items())]
        values = np.array(ordered, dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            yield Air(quantity, channel, unit, values, owner)


def surroundings_read(airs: Sequence[Air]) -> tuple[Surrounding, ...]:
    """The coldest and the warmest, for certificates that hold at some temperatures only."""
    return tuple(
        Surrounding(air.quantity, decimal(float(end)), air.unit, instrument=air.instrument.id)
        for air in airs
        if air.quantity == words.AMBIENT
        for end in (air.values.min(), air.values.max())
    )


def environment_read(airs: Sequence[Air], used: Mapping[str, Used]) -> list[EnvironmentField]:
    """Mean, first, last, least and most of each channel; U where a certificate was applied."""
    return [_field(air, used.get(air.channel)) for air in airs]


def _field(air: Air, used: Used | None) -> EnvironmentField:
    expanded = _expanded(() if used is None or used.correction is None else used.terms)
    values = air.values.tolist()
    return EnvironmentField(
        quantity=air.quantity,
        name=words.KNOWN[air.quantity][0],
        value=decimal(float(f"{air.values.mean():.6g}")),
        unit=air.unit,
        U=None if expanded is None else decimal(float(f"{expanded:.2g}")),
        k=None if expanded is None else decimal(K),
        source=READ,
        equipment_ref=air.instrument.ref,
        readings=ReadingsField(
            channel=air.channel,
            n=len(values),
            first=decimal(values[0]),
            last=decimal(values[-1]),
            least=decimal(min(values)),
            most=decimal(max(values)),
        ),
    )


def _expanded(terms: Sequence[SensorTerm]) -> float | None:
    """U of all absolute terms together with k = 2; None where none has a number."""
    absolute = [t for t in terms if not t.relative and t.part != "refresh"]  # that is in seconds
    squares = [t.u**2 for t in absolute if t.u is not None]
    return K * sqrt(sum(squares)) if squares else None


def _gives(instrument: Instrument, channel: str) -> bool:
    return channel.startswith(f"meter.{instrument.id}.")


def _quantity(channel: str, quantity: str) -> str:
    """What of the surroundings a channel is; "" for what is none of them."""
    if quantity == "temperature":
        return words.AMBIENT
    return HUMIDITY if channel.endswith(".humidity") else ""
