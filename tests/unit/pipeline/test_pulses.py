"""Load pulses of a plan: read strictly, refused where nobody would see them."""

from __future__ import annotations

import msgspec
import pytest

from host.errors import PlanError
from host.handover.equipment import Connection
from host.handover.plan import Plan, PulsePlan
from host.pipeline.meters import check_pulses
from host.pipeline.unattended import refuse_unattended
from host.plan.load import default, dump, parse
from tests.fakes.instruments import equipment, instrument

PULSES = PulsePlan(words=4, bit_s=0.2, least_step_w=3.0)


def plan() -> Plan:
    return msgspec.structs.replace(default()[0], pulses=PULSES)


def test_a_plan_with_pulses_reads_back_as_it_was_written() -> None:
    assert parse(dump(plan()).encode(), "plan") == plan()


def test_a_plan_without_pulses_is_written_as_before_there_were_any() -> None:
    assert "pulses" not in dump(default()[0])
    assert "pulses" not in msgspec.to_builtins(default()[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("bits_s = 0.2", "unknown key bits_s in [pulses]; did you mean bit_s?"),
        ("words = 1", "pulses.words"),
        ("bit_s = 0.01", "pulses.bit_s"),
        ("least_step_w = 0", "pulses.least_step_w"),
        ("processes = 0", "pulses.processes"),
    ],
)
def test_a_key_that_is_none_is_named(line: str, words: str) -> None:
    key = line.partition(" ")[0]
    kept = [x for x in dump(plan()).splitlines() if not x.startswith(f"{key} ")]
    assert kept[-1].startswith(("least_step_w", "bit_s"))
    with pytest.raises(PlanError) as caught:
        parse("\n".join([*kept, line]).encode(), "plan")
    assert words in str(caught.value)


def test_pulses_that_no_meter_would_see_are_refused() -> None:
    unconnected = equipment(instrument())
    for found in (None, unconnected):
        with pytest.raises(PlanError, match="none would see them"):
            check_pulses(plan(), found)
        check_pulses(default()[0], found)
    connect = Connection("wt300", "tcp:127.0.0.1:9", {})
    check_pulses(plan(), equipment(instrument(connect=connect)))


def test_a_run_that_is_left_alone_plays_none() -> None:
    with pytest.raises(PlanError, match="pulses: a detached run has no meter"):
        refuse_unattended(plan())
