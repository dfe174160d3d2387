"""Gates on the air: refused where no meter shows it, and where no device can look at it alone."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.handover.equipment import Connection
from host.handover.plan import Plan
from host.pipeline.meters import check_ambient
from host.pipeline.surroundings import of_state
from host.pipeline.unattended import refuse_unattended
from host.plan.load import default, dump, parse
from tests.fakes.instruments import equipment, instrument

CONNECT = Connection("xymd02", "serial:/dev/ttyUSB0", {})


def plan(**bounds: Any) -> Plan:  # noqa: ANN401
    found = default()[0]
    return msgspec.structs.replace(found, gates=msgspec.structs.replace(found.gates, **bounds))


def test_it_reads_back_as_it_was_written_and_needs_no_look_at_the_device() -> None:
    asked = plan(min_ambient_c=18.0, max_ambient_c=28.0)
    assert parse(dump(asked).encode(), "plan") == asked
    assert not of_state(asked.gates)


@pytest.mark.parametrize(
    "found",
    [
        None,
        equipment(instrument(kind="ambient")),
        equipment(instrument(kind="power_meter", connect=CONNECT)),
    ],
)
def test_without_an_ambient_meter_that_is_read_it_is_refused(found: Any) -> None:  # noqa: ANN401
    with pytest.raises(PlanError, match="the equipment file has none"):
        check_ambient(plan(max_ambient_c=28.0), found)
    check_ambient(plan(), found)


def test_bounds_that_nothing_can_meet_are_refused() -> None:
    found = equipment(instrument(kind="ambient", connect=CONNECT))
    check_ambient(plan(min_ambient_c=18.0, max_ambient_c=28.0), found)
    with pytest.raises(PlanError, match="min_ambient_c 30 is above max_ambient_c 20"):
        check_ambient(plan(min_ambient_c=30.0, max_ambient_c=20.0), found)


def test_a_run_that_is_left_alone_cannot_look_at_the_air() -> None:
    with pytest.raises(PlanError, match="cannot look at max_ambient_c"):
        refuse_unattended(plan(max_ambient_c=28.0))
