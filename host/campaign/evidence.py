"""By what a visit has its power: what must be alike for values of visits to be averaged.

Between two cells this is a rule of comparability (`host/compare/rules_results.py`); between the
visits of one cell it is looked at here, since a meter may be away for a visit, a certificate may
run out, and a correction may be found or not.
"""

from __future__ import annotations

from collections.abc import Mapping

from host.compare.measured import quantities_of
from host.handover.record import Record

# Source -> how its power was had in the first visit, and in this one; NONE where it was not.
Changes = Mapping[str, tuple[str, str]]
NONE = "none"
_CORRECTING = ("transfer_calibration", "two_point_check")


def evidence_of(record: Record) -> dict[str, str]:
    """Result id -> tier of its power, and the kind of calibration that corrects it, if any."""
    corrected = {
        channel: each.kind
        for each in record.equipment
        if each.kind in _CORRECTING
        for channel in each.channels
    }
    return {
        q.id: ", ".join(part for part in (f"tier {q.tier}", corrected.get(q.source, "")) if part)
        for q in quantities_of(record)
        if q.tier and q.value is not None
    }


def sources_of(record: Record) -> dict[str, str]:
    """Source of power -> its evidence in this record; where results differ, all of it."""
    evidence = evidence_of(record)
    made: dict[str, set[str]] = {}
    for q in quantities_of(record):
        if q.id in evidence and q.source:
            made.setdefault(q.source, set()).add(evidence[q.id])
    return {source: " and ".join(sorted(said)) for source, said in sorted(made.items())}


def unlike_sources(first: Mapping[str, str], other: Mapping[str, str]) -> Changes:
    """What is not alike."""
    every = sorted(first.keys() | other.keys())
    pairs = {source: (first.get(source, NONE), other.get(source, NONE)) for source in every}
    return {source: pair for source, pair in pairs.items() if pair[0] != pair[1]}


def said_of(changes: Changes) -> str:
    """`power-changed: SOURCE: before -> now`, "" where all is alike."""
    if not changes:
        return ""
    return "power-changed: " + ", ".join(f"{s}: {a} -> {b}" for s, (a, b) in changes.items())
