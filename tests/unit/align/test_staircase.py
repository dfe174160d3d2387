"""Steps of a load staircase from what an agent wrote down, and from what no agent would."""

from __future__ import annotations

from typing import Any

import pytest

from agent.spool import Column, SpoolFile, SpoolLine
from host.align.requests import events_of
from host.align.staircase import steps_of
from host.handover.trace import Step, Window

COLUMNS = tuple(Column(name, "") for name in ("t_ns", "event", "args"))


def events(*lines: tuple[Any, str, str]) -> SpoolFile:
    made = [SpoolLine(n, n, (str(t), name, args)) for n, (t, name, args) in enumerate(lines)]
    return SpoolFile("events", "", COLUMNS, tuple(made), ())


START = (10, "step_start", '{"step": 0, "level": 0.5}')


def test_steps_that_began_and_ended_are_told_in_their_order() -> None:
    more = ((30, "step_start", '{"step": 1, "level": 1}'), (40, "step_end", '{"step": 1}'))
    cut = (50, "step_start", '{"step": 2, "level": 0}')
    found = steps_of(events_of(events(START, (20, "step_end", '{"step": 0}'), *more, cut)))
    assert found == (Step(Window(10, 20), 0.5), Step(Window(30, 40), 1.0))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (START, (10, "step_end", '{"step": 0}')),
        (START, (20, "step_end", '{"step": 1}')),
        (START, (20, "step_end", "null")),
        (START, (10**30, "step_end", '{"step": 0}')),
        ((-(10**30), *START[1:]), (20, "step_end", '{"step": 0}')),
        ((10, "step_start", '{"step": 0, "level": 1.5}'), (20, "step_end", '{"step": 0}')),
        ((10, "step_start", '{"step": 0, "level": "x"}'), (20, "step_end", '{"step": 0}')),
        (
            (10, "step_start", f'{{"step": 0, "level": 1{"0" * 400}}}'),
            (20, "step_end", '{"step": 0}'),
        ),
    ],
)
def test_what_is_no_step_is_a_damaged_stream(
    start: tuple[Any, str, str], end: tuple[Any, str, str]
) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        steps_of(events_of(events(start, end)))
