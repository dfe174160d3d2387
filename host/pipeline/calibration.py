"""Transfer calibration: what a run with a load staircase says of the sources of its device."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.equipment.heat import Heat, Span, air_span, device_span
from host.equipment.heat import steps_of as steps_of_attempt
from host.evaluate.transfer import Common, Judged, judge
from host.handover.calibration import (
    CALIBRATION_VERSION,
    VALID_DAYS,
    Calibration,
    Fit,
    PairField,
    Reference,
    Transfer,
    Word,
    device_subject,
)
from host.handover.calibration_words import calibration_words
from host.handover.conditions import SensorTerm
from host.handover.plan import Plan
from host.handover.staircase import Steps, levels_of
from host.handover.text import Txt
from host.handover.trace import AttemptTrace, Series
from host.pipeline.calibration_reference import freedom, reference_of
from host.pipeline.redo import Redone
from host.reduce.channels import channels_of
from host.reduce.energy import rule_of
from host.reduce.lag import NO_LAG, Lag, lag_of
from host.reduce.staircase import steps_of
from host.run.folder import write_bytes
from host.schema.canonical import decimal, quoted, sha256_of

NAME = "calibration.json"
NOT_OF_METER = ("B", "C", "")


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the steps: the meter, how warm it was, the bound of the clock offset."""

    reference: Reference
    heat: Heat
    offset_bound_ns: int


def calibration_bytes(redone: Redone) -> bytes | None:
    """`calibration.json` beside the record, None for a run without a staircase.

    The same folder always gives the same bytes.
    """
    if not redone.reading.facts.plan.plan.staircase:
        return None
    return as_bytes(calibration_of(redone.reading, redone.sensors))


def write_calibration(root: Path, redone: Redone) -> None:
    """Write what a staircase says beside the record; nothing for any other run."""
    data = calibration_bytes(redone)
    if data is not None:
        write_bytes(root / NAME, data)


def as_bytes(value: msgspec.Struct) -> bytes:
    """A struct as the files hold it."""
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, allow_nan=False, indent=2)
    return text.encode() + b"\n"


def calibration_of(
    reading: RunReading, sensors: Mapping[str, tuple[SensorTerm, ...]]
) -> Calibration:
    """Every power source of the device beside the meter. reading: with corrected series.

    sensors: what certificates and data sheets leave open, by channel.
    """
    facts, attempts = reading.facts, reading.run.counted()
    found = [
        s for q in ("power", "energy") for s in channels_of(attempts, q) if rule_of(s) is not None
    ]
    named = facts.plan.plan.staircase.reference if facts.plan.plan.staircase else ""
    meter, why = _meter(found, named)
    missing = _missing(attempts, facts.plan.plan)
    if missing:
        meter, why = None, missing
    reference = None if meter is None else reference_of(meter, facts.equipment, sensors)
    ours = [s for s in found if s.tier in NOT_OF_METER]
    heat = Heat(device_span(attempts, steps_of_attempt), air_span(facts.environment))
    bound_ns = reading.run.offset_bound_ns
    performed = str(facts.performed.get("end", ""))
    subject = quoted(device_subject(facts.device_before, facts.plan.plan.device))
    return Calibration(
        calibration=CALIBRATION_VERSION,
        run=facts.run_id,
        payload_sha256=facts.payload_sha256,
        performed=performed,
        due=due_of(performed),
        key=sha256_of(subject),
        subject=subject,
        reference=reference,
        transfers=tuple(
            _refused(s, why)
            if meter is None or reference is None
            else _transfer(attempts, (meter, s), Beside(reference, heat, bound_ns))
            for s in ours
        ),
    )


def due_of(performed: str) -> datetime.date:
    """The last day of use; the first of January of year 1 where the run has no usable date."""
    try:
        return datetime.date.fromisoformat(performed[:10]) + datetime.timedelta(days=VALID_DAYS)
    except (OverflowError, ValueError):  # OverflowError: the year 10000 and later
        return datetime.date.min


def _missing(attempts: Sequence[AttemptTrace], plan: Plan) -> str:
    """Why not all steps of the plan were played, each to its end; "" where they were."""
    for attempt in attempts:
        played = tuple(step.level for step in attempt.steps)
        if plan.staircase:
            planned = levels_of(plan.staircase, plan.run.seed, attempt.number)
            if played != planned:
                return (
                    f"steps-not-played: attempt {attempt.number} has {len(played)} steps, not the"
                    f" {len(planned)} that are planned, or others"
                )
    return "" if attempts else "no-attempt: no attempt is valid"


def _meter(found: Sequence[Series], named: str) -> tuple[Series | None, str]:
    """The channel that is believed, or why there is none."""
    meters = [s for s in found if s.tier not in NOT_OF_METER and s.quantity == "power"]
    if named:
        meters = [s for s in meters if s.channel == named]
    if len(meters) == 1:
        return meters[0], ""
    if named:
        return None, f"no-reference: no meter gave power on {named}"
    if meters:
        said = ", ".join(s.channel for s in meters)
        return None, f"several-references: say which one is believed: {said}"
    return None, "no-reference: no meter of the equipment file gave power"


def _refused(source: Series, why: str) -> Transfer:
    of = source.channel, source.quantity, source.kind
    return Transfer(*of, "none", why, reason_words=_worded(why))


def _transfer(
    attempts: Sequence[AttemptTrace],
    both: tuple[Series, Series],
    beside: Beside,
) -> Transfer:
    source, reference, heat = both[1], beside.reference, beside.heat
    common = Common(float(reference.u_relative), float(reference.u_w), float(reference.nu))
    steps, judged, lag = _judged(attempts, both, common)
    fit = _fit(judged, lag, beside.offset_bound_ns)
    return Transfer(
        source=source.channel,
        quantity=source.quantity,
        kind=source.kind,
        word=_word(reference) if fit is not None else "none",
        reason=judged.reason,
        fit=fit,
        range_w=(decimal(steps.low), decimal(steps.high)) if steps.pairs else None,
        temperature_cel=_span_cel(heat.device_cel),
        pairs=_pairs(steps),
        dropped=tuple(each[:500] for each in steps.dropped),
        ambient_cel=_span_cel(heat.air_cel) or msgspec.UNSET,
        reason_words=_worded(judged.reason),
    )


def _word(reference: Reference) -> Word:
    """A calibration needs a reference with a certificate that holds (design, laws 5 and 11)."""
    good = reference.tier == "A" and any(c.valid for c in reference.certificates)
    return "transfer_calibration" if good else "comparison"


def _judged(
    attempts: Sequence[AttemptTrace], both: tuple[Series, Series], common: Common
) -> tuple[Steps, Judged, Lag]:
    """The line through steps that are taken as much later as the source lags.

    First without a lag, which a line is needed for; then once more with it.
    """
    steps = steps_of(attempts, *both)
    judged, lag = judge(steps, common), NO_LAG
    if judged.line is not None:
        lag = lag_of(attempts, both, (judged.line.gain, judged.line.offset))
        if lag.lag_s is not None:
            steps = steps_of(attempts, *both, lag.lag_s)
            judged = judge(steps, common)
    return steps, judged, lag


def _fit(judged: Judged, lag: Lag, offset_bound_ns: int) -> Fit | None:
    line = judged.line
    if line is None:
        return None
    u_lag_s = None if lag.u_s is None else sqrt(lag.u_s**2 + (offset_bound_ns * 1e-9) ** 2 / 3)
    return Fit(
        gain=decimal(line.gain),
        offset_w=decimal(line.offset),
        u_gain=decimal(judged.u_gain),
        u_offset_w=decimal(judged.u_offset_w),
        k_gain=decimal(judged.k_gain),
        k_offset=decimal(judged.k_offset),
        U_gain=decimal(judged.k_gain * judged.u_gain),
        U_offset_w=decimal(judged.k_offset * judged.u_offset_w),
        u_fit_gain=decimal(line.u_gain),
        u_fit_offset_w=decimal(line.u_offset),
        covariance_fit_w=decimal(line.covariance),
        s_w=decimal(line.s),
        residual_w=decimal(judged.residual_w),
        nu=freedom(line.nu),
        lag_s=None if lag.lag_s is None else decimal(lag.lag_s),
        u_lag_s=None if u_lag_s is None else decimal(u_lag_s),
        lag_reason=lag.reason,
        lag_words=_worded(lag.reason),
    )


def _pairs(steps: Steps) -> tuple[PairField, ...]:
    return tuple(
        PairField(
            attempt=p.attempt,
            level=decimal(p.level),
            reference_w=decimal(p.reference_w),
            source_w=decimal(p.source_w),
            u_reference_w=decimal(p.u_reference_w),
            u_source_w=decimal(p.u_source_w),
        )
        for p in steps.pairs
    )


def _span_cel(span: Span | None) -> tuple[str, str] | tuple[()]:
    return () if span is None else (decimal(span[0]), decimal(span[1]))


def _worded(reason: str) -> Txt | msgspec.UnsetType:
    return calibration_words(reason) or msgspec.UNSET
