"""Log lines of SPEC PTDaemon: one sample of a power analyzer each; pure, total.

Source: mlcommons/power-dev (commit c4b3ad8), ptd_client_server/lib/server.py and
compliance/check.py, which read the same lines:
`Time,<MM-DD-YYYY HH:MM:SS.mmm>,Watts,<n>,Volts,<n>,Amps,<n>,PF,<n>,Mark,<mark>`; analyzers of
several channels add `Ch1,Watts,<n>,...`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import pairwise
from typing import Final

from collectors.meters.protocol import MeterError
from collectors.meters.replies import Missing, number, shown

MOST_LINE: Final = 4096
# MLPerf's rule for the fixed range of the testing run (mlcommons/power-dev).
OVER_MAX: Final = 1.1
_TIME: Final = re.compile(r"\d{2}-\d{2}-\d{4} \d{2}:\d{2}:\d{2}\.\d{3}", re.ASCII)
_CHANNEL: Final = re.compile(r"Ch\d{1,2}", re.ASCII)
_NOT_AVAILABLE: Final = -1.0
_FEWEST_FIELDS: Final = 4  # a time and a mark, each behind its name


@dataclass(frozen=True, slots=True)
class LogSample:
    """One sample. own_ms: wall clock of the daemon's machine since 1970, its zone unsaid.

    values: by name, `Watts`, `Ch1.Watts`; a Missing where the daemon writes -1.000000.
    """

    own_ms: int
    values: Mapping[str, float | Missing]
    mark: str


def sample(line: str) -> LogSample | Missing:
    """A log line as a sample, or why it is none: `not-a-sample`, `not-a-time`."""
    fields = line[:MOST_LINE].rstrip("\r\n").split(",")
    if len(fields) < _FEWEST_FIELDS or fields[0] != "Time":
        return Missing(f"not-a-sample: {shown(line)}")
    own_ms = _own_ms(fields[1])
    if own_ms is None:
        return Missing(f"not-a-time: {shown(fields[1])}")
    values, mark = _named(fields[2:])
    if mark is None:
        return Missing(f"not-a-sample: {shown(line)}")
    return LogSample(own_ms, values, mark)


def _named(fields: list[str]) -> tuple[dict[str, float | Missing], str | None]:
    """Names and numbers in turn; `Ch1` stands alone and names those after it. And the mark."""
    values: dict[str, float | Missing] = {}
    mark: str | None = None
    prefix, at = "", 0
    while at < len(fields):
        name = fields[at]
        if _CHANNEL.fullmatch(name):
            prefix, at = f"{name}.", at + 1
            continue
        if at + 1 == len(fields):
            return values, None  # torn off after a name
        if name == "Mark":
            mark = fields[at + 1]
        else:
            values.setdefault(f"{prefix}{name}", _value(fields[at + 1]))
        at += 2
    return values, mark


def _value(text: str) -> float | Missing:
    value = number(text)
    if value == _NOT_AVAILABLE:
        return Missing(f"no-data: {shown(text)}")
    return value


def _own_ms(text: str) -> int | None:
    """Milliseconds since 1970 of a time of the log, read as if its zone were UTC."""
    if not _TIME.fullmatch(text):
        return None
    try:
        moment = datetime.strptime(text, "%m-%d-%Y %H:%M:%S.%f").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """Ranges to fix for a testing run, V and A."""

    volts: float
    amps: float


def limits(samples: Iterable[LogSample]) -> Limits:
    """Of a ranging run: the largest voltage, and 1.1 times the largest current.

    Raises MeterError where the analyzer gave neither.
    """
    volts, amps = 0.0, 0.0
    for each in samples:
        volts = max(volts, _or_zero(each.values.get("Volts")))
        amps = max(amps, _or_zero(each.values.get("Amps")))
    if not volts or not amps:
        raise MeterError("PTDaemon", "the ranging run has no voltage or no current above 0")
    return Limits(volts, OVER_MAX * amps)


def went_back(found: Sequence[LogSample]) -> int:
    """How many times the clock goes back from one line to the next."""
    return sum(after.own_ms < before.own_ms for before, after in pairwise(found))


def _or_zero(value: float | Missing | None) -> float:
    return value if isinstance(value, float) else 0.0
