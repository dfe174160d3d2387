"""The steps of a load staircase from the events of an attempt. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from host.align.requests import Event
from host.handover.trace import Step, Window


def steps_of(events: Sequence[Event]) -> tuple[Step, ...]:
    """Steps that began and ended, in the order played; agent/staircase.py says them.

    Raises KeyError, TypeError or ValueError for an event that is none of a staircase.
    """
    starts = {int(e.args["step"]): e for e in events if e.name == "step_start"}
    found: list[Step] = []
    for end in (e for e in events if e.name == "step_end"):
        number = int(end.args["step"])
        start = starts[number]
        level = start.args["level"]
        if end.t_ns <= start.t_ns or not 0 <= level <= 1:
            raise ValueError(f"step {number} is none")
        found.append(Step(Window(start.t_ns, end.t_ns), float(level)))
    return tuple(found)
