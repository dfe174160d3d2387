"""What becomes of one channel: its certificate, correction, terms and tier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host.equipment import words
from host.equipment.assign import Assigned
from host.equipment.judge import (
    Days,
    latest,
    out_of_date,
    tier_of,
    too_warm,
    usable,
    years_since,
)
from host.equipment.table import Correction, correction_of
from host.equipment.terms import Calibrated, terms_of
from host.equipment.units import scale_of
from host.handover.conditions import SensorTerm
from host.handover.equipment import Certificate, Equipment
from host.handover.text import Txt
from host.handover.trace import FloatArray, Series


@dataclass(frozen=True, slots=True)
class Used:
    """What became of one channel.

    certificate: the one that counts, applied or not. correction: None where it was not applied.
    in_range: None where nobody looked. reasons: what lowers the tier. note: what was done.
    """

    assigned: Assigned
    said: str
    certificate: Certificate | None = None
    correction: Correction | None = None
    in_validity: bool = False
    in_range: bool | None = None
    reasons: tuple[Txt, ...] = ()
    note: Txt | None = None
    terms: tuple[SensorTerm, ...] = ()

    @property
    def tier(self) -> str:
        return tier_of(self.said, good=self.certificate is not None and not self.reasons)


@dataclass(frozen=True, slots=True)
class Seen:
    """The series of one channel in the attempts that count. said: tier its source claims."""

    said: str
    series: tuple[Series, ...]


def use(assigned: Assigned, seen: Seen, equipment: Equipment, days: Days) -> Used:
    """Judge the newest fitting certificate and apply it where it may be applied."""
    certificate = latest(assigned.certificates, days)
    if certificate is None:
        why = words.NO_FIT if assigned.instrument.certificate else words.NO_CERTIFICATE
        terms = terms_of(assigned.instrument, assigned.limits, None, None)
        return Used(assigned, seen.said, reasons=(why,), terms=terms)
    late = out_of_date(certificate, days)
    reasons = tuple(r for r in (late, too_warm(certificate, equipment)) if r is not None)
    if not usable(certificate, days):
        terms = terms_of(assigned.instrument, assigned.limits, None, reasons[0])
        return Used(assigned, seen.said, certificate, reasons=reasons, terms=terms)
    return _calibrated(assigned, seen, certificate, (reasons, days))


def _calibrated(
    assigned: Assigned,
    seen: Seen,
    certificate: Certificate,
    judged: tuple[tuple[Txt, ...], Days],
) -> Used:
    reasons, days = judged
    scale = scale_of(certificate.unit)
    if scale is None:  # the rules of the file refuse it before
        raise ValueError(certificate.unit)
    correction = correction_of(certificate, scale)
    found = indications(seen.series)
    inside = found[correction.inside(found)]
    outside = _outside(assigned, found, len(inside))
    whole = outside is None
    # Of a counter all attempts are corrected or none: their values are one growing number.
    applied = len(inside) > 0 and (whole or assigned.channel.kind != "counter")
    all_reasons = reasons if outside is None else (*reasons, outside)
    calibrated = Calibrated(
        certificate=certificate,
        correction=correction,
        low=float(inside.min()) if applied else correction.low,
        high=float(inside.max()) if applied else correction.high,
        largest=float(np.abs(found).max(initial=0.0)),
        years=years_since(certificate, days),
        whole=not all_reasons,
    )
    return Used(
        assigned,
        seen.said,
        certificate,
        correction=correction if applied else None,
        in_validity=out_of_date(certificate, days) is None,
        in_range=whole if len(found) else None,
        reasons=all_reasons,
        note=_note(assigned, correction, inside) if applied else None,
        terms=terms_of(
            assigned.instrument, assigned.limits, calibrated if applied else None, outside
        ),
    )


def indications(own: Sequence[Series]) -> FloatArray:
    """What a range is judged by: all finite readings, of a counter one mean power an attempt.

    What the power did between the updates of a counter is not seen.
    """
    if any(s.kind == "counter" for s in own):
        powers = [_mean_power(s) for s in own]
        return np.array([p for p in powers if p is not None], dtype=np.float64)
    values = np.concatenate([s.values for s in own]) if own else np.zeros(0)
    found: FloatArray = values[np.isfinite(values)]
    return found


def _mean_power(series: Series) -> float | None:
    """Growth over time in W. A step back is a wrap where the counter says where it wraps."""
    steps = np.diff(series.values)
    steps = np.where(steps < 0, steps + (series.wraps_at or 0.0), steps)
    if len(steps) == 0 or not np.isfinite(steps).all() or float(steps.min()) < 0:
        return None
    seconds = float(series.t_ns[-1] - series.t_ns[0]) * 1e-9
    return float(steps.sum()) / seconds if seconds > 0 else None


def _outside(assigned: Assigned, found: FloatArray, inside: int) -> Txt | None:
    """Why not all indications are in the range; None where they are."""
    if len(found) == 0:
        return words.NO_READINGS
    if inside == len(found):
        return None
    if assigned.channel.kind == "counter":
        return words.mean_power_out(assigned.channel.name)
    return words.out_of_range(assigned.channel.name, 1 - inside / len(found))


def _note(assigned: Assigned, correction: Correction, inside: FloatArray) -> Txt:
    """That a correction was applied, and its mean size."""
    if correction.factor is not None:
        return words.applied(assigned.channel.name, f"× {correction.factor:.6g}")
    mean = float(np.mean(correction.corrected(inside) - inside))
    said = f"{mean:+.3g} {assigned.channel.unit} (n = {len(inside)})"
    return words.applied(assigned.channel.name, said)
