"""The steps of a load staircase from the events of an attempt. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from host.align.requests import Event
from host.handover.trace import Step, Window

# Far beyond any clock, and differences of two such stamps are 64-bit integers still.
LAST_NS = 1 << 62


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
        if not -LAST_NS < start.t_ns < end.t_ns < LAST_NS or not 0 <= level <= 1:
            raise ValueError(f"step {number} is none")
        found.append(Step(Window(start.t_ns, end.t_ns), float(level)))
    return tuple(found)
