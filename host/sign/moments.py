"""Times as keys, revocations and records state them: a day or an instant, always in UTC.

A day is kept as both its ends, so that a comparison can say what is certain whatever the hour.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# RFC 3339 section 5.6 with seconds and an offset; no lower-case t or z, no leap second.
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})", re.ASCII
)
_STEP = datetime.timedelta(microseconds=1)
_DAY_LENGTH = datetime.timedelta(days=1) - _STEP
# A time stamp authority may cut its time off at the second (RFC 3161, 2.4.2, genTime).
_SECOND_LENGTH = datetime.timedelta(seconds=1) - _STEP


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was, as precisely as it was said: between first and last, both included."""

    first: datetime.datetime
    last: datetime.datetime


def moment(text: str) -> Moment:
    """Read `2026-11-24` or `2026-11-24T03:30:00Z`. Raises ValueError for anything else."""
    if _DAY.fullmatch(text):
        first = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
        return Moment(first, first + _DAY_LENGTH)
    if _INSTANT.fullmatch(text):
        when = datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
        return Moment(when, when if "." in text else when + _SECOND_LENGTH)
    raise ValueError(f"{text!r} is no RFC 3339 date or time with an offset")


def days_after(text: str, days: int) -> str:
    """The day that is `days` after the moment `text`, as a date."""
    return (moment(text).first + datetime.timedelta(days=days)).date().isoformat()
