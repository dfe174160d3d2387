"""Terms of a sensor: what a certificate or a data sheet says of its readings."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

from host.evaluate.terms import Measured, Named, Term, evaluated, exact, not_evaluated
from host.evaluate.type_b import Evaluated, normal, rectangular, resolution, triangular
from host.handover.budget import Input
from host.handover.conditions import SensorTerm
from host.handover.text import Txt

Part = Literal["calibration", "gain", "offset", "resolution", "drift", "refresh"]

_SHEET = Txt("证书或数据手册", "certificate or data sheet")
_NOTHING = Txt(
    "没有证书，也没有数据手册给出", "neither a certificate nor a data sheet says anything of it"
)
_COVERED = Txt(
    "含在校准项内：证书的 U 覆盖增益与零点",
    "in the calibration row: the U of the certificate covers gain and offset",
)
_DIFFERENCE = Txt(
    "两个示值之差，恒定的零点误差抵消，c = 0",
    "a difference of two indications: a constant offset cancels, c = 0",
)


@dataclass(frozen=True, slots=True)
class Effect:
    """How a constant error of the indication enters the value: c per unit of the channel.

    offset: c of a constant error; 0 where it cancels. steps: how many readings are rounded and
    subtracted: 1 for a mean, 2 for a difference. rounding: c of that.
    """

    unit: str
    offset: float
    rounding: float
    steps: int
    factor: str


def effect_of(of: Measured) -> Effect:
    """Effect of the channel's errors on the value, by what was done with the readings."""
    channel, basis = of.channel, of.basis
    if channel.quantity == "energy":
        return Effect("J", 0.0, basis.windows / basis.amount, 2, "w/K")
    if channel.quantity == "power":
        above = channel.idle is not None
        return Effect("W", 0.0 if above else of.per_watt, of.per_watt, 2 if above else 1, "T/K")
    if of.seen.measurand in _DIFFERENCES:
        return Effect(of.seen.unit, 0.0, 1.0, 2, "")
    return Effect(of.seen.unit, 1.0, 1.0, 1, "")


_DIFFERENCES = frozenset({"temperature_rise@1", "memory_drop@1"})


def sensor_terms(of: Measured) -> tuple[Term, ...]:
    """Gain, offset, resolution and refresh always; calibration and drift where they are stated."""
    stated = {term.part: term for term in of.conditions.sensors.get(of.seen.source, ())}
    found = [_calibration(of, stated)] if "calibration" in stated else []
    found += [_gain(of, stated), _offset(of, stated), _resolution(of, stated)]
    found += [_refresh(of, stated)]
    return (*found, _drift(of, stated)) if "drift" in stated else tuple(found)


Stated = dict[Part, SensorTerm]


def _calibration(of: Measured, stated: Stated) -> Term:
    named = Named("calibration", Txt("传感器校准", "calibration of the sensor"), "1", 1.0)
    return _proportional(of, named, stated["calibration"])


def _drift(of: Measured, stated: Stated) -> Term:
    named = Named("drift", Txt("传感器漂移", "drift of the sensor"), "1", 1.0)
    return _proportional(of, named, stated["drift"])


def _gain(of: Measured, stated: Stated) -> Term:
    named = Named("gain", Txt("传感器增益", "gain of the sensor"), "1", 1.0)
    if "gain" in stated:
        return _proportional(of, named, stated["gain"])
    if "calibration" in stated:
        return Term(exact(named, _SHEET, _COVERED), "times")
    return Term(not_evaluated(named, _SHEET, _NOTHING), "times")


def _proportional(of: Measured, named: Named, stated: SensorTerm) -> Term:
    """A factor on the value; stated in the unit of the channel it becomes a constant error."""
    if not stated.relative:
        return _absolute(of, Named(named.symbol, named.name, effect_of(of).unit), stated)
    by = _by(stated, 1.0)
    if by is None:
        return Term(not_evaluated(named, _SHEET, stated.source), "times")
    return Term(_input(named, by, stated), "times")


def _absolute(of: Measured, named: Named, stated: SensorTerm) -> Term:
    """An error in the unit of the channel that need not be the same at all indications.

    In a difference it does not cancel: the errors at both are taken as independent, which is
    an upper limit for errors of one instrument that go the same way.
    """
    effect = effect_of(of)
    c = effect.offset if effect.steps == 1 else sqrt(2) * effect.rounding
    factor = effect.factor if effect.steps == 1 else f"sqrt(2)*{effect.factor}".rstrip("*")
    by = _by(stated, 1.0)
    if by is None:
        return Term(not_evaluated(named, _SHEET, stated.source), "add", c, factor)
    return Term(_input(named, by, stated), "add", c, factor)


def _offset(of: Measured, stated: Stated) -> Term:
    named = Named("offset", Txt("传感器零点", "offset of the sensor"), effect_of(of).unit)
    effect = effect_of(of)
    if effect.offset == 0:
        return Term(exact(named, _SHEET, _DIFFERENCE), "cancels")
    if "offset" in stated:
        return _constant(of, named, stated["offset"])
    if "calibration" in stated:
        return Term(exact(named, _SHEET, _COVERED), "add", effect.offset, effect.factor)
    found = not_evaluated(named, _SHEET, _NOTHING)
    return Term(found, "add", effect.offset, effect.factor)


def _constant(of: Measured, named: Named, stated: SensorTerm) -> Term:
    """An error that every reading has; not for a difference, in which it cancels."""
    effect = effect_of(of)
    by = _by(stated, abs(of.channel.indication) if stated.relative else 1.0)
    if by is None:
        found = not_evaluated(named, _SHEET, stated.source)
        return Term(found, "add", effect.offset, effect.factor)
    return Term(_input(named, by, stated), "add", effect.offset, effect.factor)


def _resolution(of: Measured, stated: Stated) -> Term:
    effect = effect_of(of)
    named = Named("resolution", Txt("传感器分辨力", "resolution of the sensor"), effect.unit)
    step, source = of.channel.resolution, Txt("通道的说明", "what the channel states")
    if "resolution" in stated and stated["resolution"].half_width is not None:
        width = 2 * stated["resolution"].half_width
        step = width * abs(of.channel.indication) if stated["resolution"].relative else width
        source = stated["resolution"].source
    if step is None:
        found = not_evaluated(named, _SHEET, _NOTHING)
        return Term(found, "add", effect.rounding, effect.factor)
    by = resolution(step) if effect.steps == 1 else triangular(step)
    how = Txt(
        f"分度 {step:.4g} {effect.unit}；{_ROUNDED[effect.steps].zh}",
        f"steps of {step:.4g} {effect.unit}; {_ROUNDED[effect.steps].en}",
    )
    return Term(evaluated(named, by, source, how), "add", effect.rounding, effect.factor)


_ROUNDED = {
    1: Txt(
        "恒定读数的舍入不因平均而减小，u = 分度/√12（JCGM 100，F.2.2.1）",
        "rounding of a steady reading does not average out, u = step/sqrt(12) (JCGM 100, F.2.2.1)",
    ),
    2: Txt(
        "两个示值之差，三角分布，半宽为一个分度；各窗口取为完全相关",
        "a difference of two readings is triangular over one step; windows taken as fully"
        " correlated",
    ),
}


def _refresh(of: Measured, stated: Stated) -> Term:
    named = Named("refresh", Txt("传感器刷新", "refresh of the sensor"), "s")
    kind, c = of.channel.kind, of.per_second
    if kind == "counter":
        why = Txt(
            "边缘项的界限取自实际观察到的更新",
            "the edge term takes its bounds from the updates as they were seen",
        )
        return Term(exact(named, Txt("读数流", "stream of readings"), why), "add", c, "ΣΔP/K")
    by = _by(stated["refresh"], 1.0) if "refresh" in stated else None
    if by is not None and c != 0:
        return Term(_input(named, by, stated["refresh"]), "add", c, "ΣΔP/K")
    if "refresh" not in stated and of.channel.stale_s is not None:
        return Term(_seen_refresh(named, of.channel.stale_s), "add", c, "ΣΔP/K")
    why = stated["refresh"].source if "refresh" in stated else _NOTHING
    return Term(not_evaluated(named, _SHEET, why), "add", c, "ΣΔP/K")


def _seen_refresh(named: Named, stale_s: float) -> Input:
    """From the readings themselves, where no paper says how old one may be."""
    how = Txt(
        f"由读数的变化看出：数值保持的时间比读数周期长 {stale_s:.3g} s，读数可能旧至此；"
        "不修正，取为半宽",
        f"seen from how the readings change: a value stays {stale_s:.3g} s longer than the"
        " reading period, by which a reading may be old; not corrected but taken as half-width",
    )
    return evaluated(named, rectangular(stale_s), Txt("读数流", "stream of readings"), how)


def _by(stated: SensorTerm, scale: float) -> Evaluated | None:
    """The numbers in the unit of the input; None where the term has none."""
    if stated.U is not None:
        return normal(stated.U * scale, stated.k, stated.nu)
    if stated.half_width is not None:
        return rectangular(stated.half_width * scale, stated.nu)
    return None


def _input(named: Named, by: Evaluated, stated: SensorTerm) -> Input:
    how = (
        Txt("证书给出 U 和 k，u = U/k", "the certificate states U and k, u = U/k")
        if stated.U is not None
        else Txt("给出的极限为半宽，矩形分布", "the stated limit is the half-width, rectangular")
    )
    how = stated.how or how
    ref = stated.equipment_ref
    shared = f"equipment:{ref}" if ref else ""
    return evaluated(named, by, stated.source, how, shared=shared, equipment=ref)
