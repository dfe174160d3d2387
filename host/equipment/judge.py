"""Whether a certificate may stand behind a run: dates, range, surroundings, and the tier. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from host.equipment import words
from host.equipment.units import scale_of
from host.handover.equipment import Certificate, Equipment
from host.handover.text import Txt

DAYS_PER_YEAR = 365.25  # Julian year, IAU; a drift limit has two digits at most
METER_TIERS = ("A", "A-")


@dataclass(frozen=True, slots=True)
class Days:
    """First and last day of a run, UTC as its labels say; None where they say none."""

    start: datetime.date | None
    end: datetime.date | None


def days_of(performed: Mapping[str, str]) -> Days:
    """From the wall-clock labels `start` and `end`, RFC 3339 in UTC."""
    return Days(_day(performed.get("start", "")), _day(performed.get("end", "")))


def _day(label: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(label[:10])
    except ValueError:
        return None


def out_of_date(certificate: Certificate, days: Days) -> Txt | None:
    """Why a run is not inside the validity of a certificate; both of its days count as inside."""
    if days.start is None or days.end is None:
        return words.NO_DATES
    if days.start < certificate.calibrated:
        return words.not_yet(certificate.calibrated.isoformat(), days.start.isoformat())
    if certificate.due is None:
        return words.NO_DUE
    if days.end > certificate.due:
        return words.expired(certificate.due.isoformat(), days.end.isoformat())
    return None


def usable(certificate: Certificate, days: Days) -> bool:
    """Whether its correction is applied. Not before the calibration: it may have adjusted."""
    return days.start is None or certificate.calibrated <= days.start


def latest(certificates: Sequence[Certificate], days: Days) -> Certificate | None:
    """The one that counts: valid before usable before others, then the newest."""
    return max(
        certificates,
        key=lambda c: (out_of_date(c, days) is None, usable(c, days), c.calibrated),
        default=None,
    )


def years_since(certificate: Certificate, days: Days) -> float | None:
    """Years from the calibration to the last day of the run; None without a date."""
    if days.end is None:
        return None
    return max(0, (days.end - certificate.calibrated).days) / DAYS_PER_YEAR


def too_warm(certificate: Certificate, equipment: Equipment) -> Txt | None:
    """Why the surroundings were not those of the calibration; None where nobody says either."""
    if certificate.temperature is None:
        return None
    low, high = certificate.temperature
    for stated in (s for s in equipment.environment if s.quantity == words.AMBIENT):
        scale = scale_of(stated.unit)
        value = None if scale is None else float(stated.value) * scale.factor + scale.offset
        if value is not None and not float(low) <= value <= float(high):
            return words.surroundings(f"{value:g}", low, high)
    return None


def tier_of(said: str, *, good: bool) -> str:
    """The tier that a channel earns. said: by its source. good: certificate valid and in range.

    A correction never lifts a source of the device: only what is read as an external meter
    (`A-`) becomes `A`, and a source that calls itself `A` has to show a certificate too.
    """
    if said not in METER_TIERS:
        return said
    return "A" if good else "A-"
