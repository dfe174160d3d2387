"""Warnings of the instruments: certificates that do not hold, instruments that gave nothing."""

from __future__ import annotations

from host.handover.facts import RunFacts
from host.handover.record import Warning_


def equipment_warnings(facts: RunFacts) -> list[Warning_]:
    """One a problem, in the order in which they were found."""
    return [Warning_(p.code, p.text, next=p.next) for p in facts.equipment_problems]
