"""A two-point check of a bench meter without a certificate, against values somebody states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import msgspec

from host.errors import CalibrationError
from host.evaluate.transfer import MAX_GAIN, MIN_GAIN, MIN_SPAN_RATIO
from host.handover.calibration import (
    CALIBRATION_VERSION,
    Calibration,
    Fit,
    PairField,
    Reference,
    Transfer,
    instrument_subject,
)
from host.handover.calibration_words import calibration_words
from host.handover.equipment import Instrument
from host.handover.text import Txt
from host.pipeline.calibration import due_of
from host.schema.canonical import decimal, quoted, sha256_of

POINTS = 2
# Beyond any load on a bench, and far below where squares of doubles end.
MOST_W, LEAST_SPAN_W = 1e9, 1e-9
# t for 95 % with one degree of freedom is 12.7; what is larger is no coverage factor.
MOST_K = 20.0
NO_LAG = "not-looked-for: two steady loads show none"
OPEN = Txt("没有给出参考值的不确定度", "no uncertainty is stated for the reference values")


@dataclass(frozen=True, slots=True)
class Stated:
    """What somebody states. points: reference value and reading, W.

    U_w, U_relative: expanded uncertainty of both reference values alike, with its k; None where
    it is not known. resolution_w: step of the reading.
    """

    points: Sequence[tuple[float, float]]
    resolution_w: float
    U_w: float | None = None
    U_relative: float | None = None
    k: float | None = None
    reference: str = ""


def two_point(instrument: Instrument, channel: str, stated: Stated, today: str) -> Calibration:
    """The line through both points. Raises CalibrationError, one sentence.

    The uncertainty of the line is that of two independent roundings of the reading; that of the
    reference values is common to both and stands beside it.
    """
    (low, shown_low), (high, shown_high) = _checked(instrument, stated)
    gain = (shown_high - shown_low) / (high - low)
    if not MIN_GAIN <= gain <= MAX_GAIN:
        raise CalibrationError(
            instrument.id,
            f"reads {gain:.3g} W more for each W of the reference, {MIN_GAIN:g} to {MAX_GAIN:g} is"
            " believed",
        )
    u_y = stated.resolution_w / sqrt(12)  # rectangular, JCGM 100, F.2.2.1
    span = high - low
    offset = shown_low - gain * low
    u_gain, u_offset = u_y * sqrt(2) / span, u_y * math.hypot(low, high) / span
    reference = _reference(stated)
    u_all_gain = math.hypot(u_gain, gain * float(reference.u_relative))
    u_all_offset = math.hypot(u_offset, gain * float(reference.u_w))
    fit = Fit(
        gain=decimal(gain),
        offset_w=decimal(offset),
        u_gain=decimal(u_all_gain),
        u_offset_w=decimal(u_all_offset),
        k_gain="2",
        k_offset="2",
        U_gain=decimal(2 * u_all_gain),
        U_offset_w=decimal(2 * u_all_offset),
        u_fit_gain=decimal(u_gain),
        u_fit_offset_w=decimal(u_offset),
        covariance_fit_w=decimal(-(u_y**2) * (low + high) / span**2),
        s_w=decimal(u_y),
        residual_w="0",
        nu="inf",
        lag_reason=NO_LAG,
        lag_words=calibration_words(NO_LAG) or msgspec.UNSET,
    )
    subject = instrument_subject(instrument.ref)
    return Calibration(
        calibration=CALIBRATION_VERSION,
        run="",
        payload_sha256="",
        performed=today,
        due=due_of(today),
        key=sha256_of(quoted(subject)),
        subject=subject,
        reference=reference,
        transfers=(
            Transfer(
                source=channel,
                quantity="power",
                kind="",
                word="two_point_check",
                fit=fit,
                range_w=(decimal(shown_low), decimal(shown_high)),
                pairs=tuple(_pair(each, u_y) for each in ((low, shown_low), (high, shown_high))),
            ),
        ),
    )


def _pair(point: tuple[float, float], u_y: float) -> PairField:
    return PairField(0, "0", decimal(point[0]), decimal(point[1]), "0", decimal(u_y))


def _checked(instrument: Instrument, stated: Stated) -> list[tuple[float, float]]:
    if instrument.kind != "external_meter":
        raise CalibrationError(
            instrument.id, "is no external meter; `calibrate run` is for sources of the device"
        )
    if instrument.certificate:
        raise CalibrationError(instrument.id, "has a certificate, which stands instead")
    points = sorted(stated.points)
    numbers = [*(x for point in points for x in point), stated.resolution_w]
    if len(points) != POINTS:
        raise CalibrationError(instrument.id, f"{len(points)} points; a check has two")
    if not all(0 <= x <= MOST_W for x in numbers):
        raise CalibrationError(instrument.id, f"a value is no number from 0 to {MOST_W:g} W")
    for low, high in zip(*points, strict=True):
        if high - low <= max(MIN_SPAN_RATIO * high, LEAST_SPAN_W):
            raise CalibrationError(
                instrument.id,
                f"{low:g} and {high:g} W are too near, or the reading does not rise: they must"
                f" differ by more than {MIN_SPAN_RATIO:.0%}",
            )
    return points


def _reference(stated: Stated) -> Reference:
    known = stated.U_w is not None or stated.U_relative is not None
    if not all(0 <= x <= MOST_W for x in (stated.U_w or 0.0, stated.U_relative or 0.0)):
        raise CalibrationError("--U-w", f"an uncertainty is no number from 0 to {MOST_W:g}")
    if known and (stated.k is None or not 1 <= stated.k <= MOST_K):
        raise CalibrationError("--k", "an expanded uncertainty needs its coverage factor, 1 to 20")
    k = stated.k or 1.0
    return Reference(
        channel=stated.reference or "stated values",
        equipment="",
        tier="",
        u_relative=decimal((stated.U_relative or 0.0) / k),
        u_w=decimal((stated.U_w or 0.0) / k),
        open=() if known else (OPEN,),
    )
