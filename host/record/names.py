"""What results are called in a record."""

from __future__ import annotations

from host.handover.result import Result


def id_of(result: Result) -> str:
    """Unique in a record: measurand, statistic, scope and source, those that are there."""
    parts = (result.measurand, result.statistic, result.scope, result.source)
    return "/".join(part for part in parts if part)
