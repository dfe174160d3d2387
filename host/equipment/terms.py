"""What certificate and data sheet leave open, as terms for the budgets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from host.equipment.table import Correction
from host.equipment.units import scale_of
from host.handover.conditions import SensorTerm
from host.handover.equipment import Certificate, Instrument, Limit
from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A certificate as it was used on a channel.

    low, high: smallest and largest indication it was used on, coherent unit. largest: magnitude
    over all indications, in range or not. years: since the
    calibration, None where the run has no date. whole: it is valid and all indications lie in its
    range, so that it stands for gain and offset of the data sheet.
    """

    certificate: Certificate
    correction: Correction
    low: float
    high: float
    largest: float
    years: float | None
    whole: bool


def terms_of(
    instrument: Instrument, limits: Sequence[Limit], used: Calibrated | None, open_: Txt | None
) -> tuple[SensorTerm, ...]:
    """One term a part. used: None where no certificate was applied.

    open_: why readings stand without a correction although there is a certificate; gain and
    offset of the data sheet stand for them, or nothing is known and the term says so.
    """
    by_part = {limit.part: limit for limit in limits}
    made = [] if used is None else [_calibration(instrument, used), _drift(instrument, used)]
    if used is not None and used.whole:
        by_part = {part: x for part, x in by_part.items() if part not in ("gain", "offset")}
    made += _gain(instrument, by_part.get("gain"), used, open_)
    if "offset" in by_part:
        offset = by_part["offset"]
        made.append(_limited("offset", _sheet(offset), _of(offset), instrument.ref))
    if "resolution" in by_part:
        step = by_part["resolution"]
        made.append(_limited("resolution", _sheet(step), _of(step) / 2, instrument.ref))
    return (*made, *_age(instrument, by_part.get("refresh"), by_part.get("averaging")))


def _calibration(instrument: Instrument, used: Calibrated) -> SensorTerm:
    """U and k at the worst place of the range that was used.

    One term serves results at idle and under load alike, and none of them is understated.
    """
    c = used.certificate
    said = _by(c)
    return SensorTerm(
        part="calibration",
        relative=c.gain is not None,
        source=Txt(
            f"{said.zh}；取所用示值范围内最大的 U，k = {c.k}",
            f"{said.en}; the largest U over the indications in use, k = {c.k}",
        ),
        U=used.correction.worst_U(used.low, used.high),
        k=float(c.k or "nan"),
        nu=float(c.nu),
        equipment_ref=instrument.ref,
    )


def _drift(instrument: Instrument, used: Calibrated) -> SensorTerm:
    c, said = used.certificate, _by(used.certificate)
    relative, scale = c.gain is not None, scale_of(c.unit)
    if c.drift_per_year is None or used.years is None or scale is None:
        source = Txt(
            f"{said.zh}；没有给出校准以来漂移的极限",
            f"{said.en}; no limit is stated for the drift since then",
        )
        return SensorTerm("drift", relative=relative, source=source, equipment_ref=instrument.ref)
    factor = 1.0 if relative else scale.factor
    return SensorTerm(
        part="drift",
        relative=relative,
        source=Txt(
            f"{said.zh}；漂移极限每年 {c.drift_per_year}，校准后 {used.years:.2f} 年",
            f"{said.en}; drift of up to {c.drift_per_year} a year, {used.years:.2f} years on",
        ),
        half_width=float(c.drift_per_year) * factor * used.years,
        equipment_ref=instrument.ref,
    )


def _gain(
    instrument: Instrument, limit: Limit | None, used: Calibrated | None, open_: Txt | None
) -> list[SensorTerm]:
    """What changes with the indication: gain of the data sheet, and between points of a table.

    Both limits add up, since nothing says that they are independent; then in the unit of the
    channel, the gain taken at the largest indication.
    """
    ref = instrument.ref
    between = 0.0 if used is None else used.correction.between(used.low, used.high)
    if limit is None and open_ is not None:
        return [SensorTerm("gain", relative=False, source=open_, equipment_ref=ref)]
    if used is None or between == 0:
        return [] if limit is None else [_limited("gain", _sheet(limit), _of(limit), ref)]
    said = _by(used.certificate)
    source = Txt(
        f"{said.zh}；相邻点之间直线内插，极限为修正值之差的一半",
        f"{said.en}; straight lines between points, half of the step of the correction",
    )
    if limit is not None:
        sheet = _sheet(limit)
        source = Txt(f"{source.zh}；{sheet.zh}", f"{source.en}; {sheet.en}")
        between += _of(limit) * used.largest
    return [
        SensorTerm("gain", relative=False, source=source, half_width=between, equipment_ref=ref)
    ]


def _age(
    instrument: Instrument, refresh: Limit | None, averaging: Limit | None
) -> list[SensorTerm]:
    """How old a reading may be: time between new values plus the time it is a mean over."""
    given = [limit for limit in (refresh, averaging) if limit is not None]
    if not given:
        return []
    said = [_sheet(limit) for limit in given]
    source = Txt("；".join(s.zh for s in said), "; ".join(s.en for s in said))
    age_s = sum(_of(limit) for limit in given)
    return [_limited("refresh", source, age_s, instrument.ref)]


def _limited(
    part: Literal["gain", "offset", "resolution", "refresh"],
    source: Txt,
    half_width: float,
    ref: str,
) -> SensorTerm:
    """A limit; of a gain a ratio of the indication, else in the coherent unit or in s."""
    return SensorTerm(
        part=part,
        relative=part == "gain",
        source=source,
        half_width=half_width,
        equipment_ref=ref,
    )


def _of(limit: Limit) -> float:
    """The limit in coherent units."""
    scale = scale_of(limit.unit)
    return float(limit.limit) * (1.0 if scale is None else scale.factor)


_PARTS = {
    "gain": "增益",
    "offset": "零点",
    "resolution": "分辨力",
    "refresh": "刷新周期",
    "averaging": "平均时间",
}


def _sheet(limit: Limit) -> Txt:
    said = f"{limit.limit} {limit.unit}"
    return Txt(
        f"数据手册 {limit.document} 第 {limit.page} 页：{_PARTS[limit.part]} {said}",
        f"data sheet {limit.document}, page {limit.page}: {limit.part} {said}",
    )


def _by(c: Certificate) -> Txt:
    return Txt(
        f"校准证书 {c.number}（{c.issuer}，{c.calibrated}）",
        f"certificate {c.number} ({c.issuer}, {c.calibrated})",
    )
