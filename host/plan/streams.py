"""Streams at once in an engine's own process: how many sequences share its context."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from host.errors import PlanError
from host.handover.plan import Plan

KEY = "engine.settings.n_seq_max"

FIX = "without n_seq_max and n_ctx both are as large as the steps need"


def most_streams(plan: Plan) -> int:
    """Streams at once in the largest step; 1 where requests follow one another."""
    steps = plan.load.steps if plan.load else UNSET
    return 1 if steps is UNSET else max(steps)


def sequences_of(plan: Plan, given: dict[str, Any]) -> int:
    """Sequences that n_ctx is divided among; 1 where requests follow one another.

    given: settings of the plan; where they leave n_seq_max out, it is the most streams of a step.
    Raises PlanError for a number that is none, or less than that.
    """
    most = most_streams(plan)
    if most > 1:
        given.setdefault("n_seq_max", most)
    found = given.get("n_seq_max", 1)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise PlanError(KEY, f"{found!r} is no number of sequences")
    if found < most:
        raise PlanError(KEY, f"{found} is less than the {most} streams of load.steps; {FIX}")
    return found
