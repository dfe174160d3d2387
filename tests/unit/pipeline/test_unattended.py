from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.pipeline.unattended import refuse_unattended
from host.plan.load import default


def refused(key: str, **over: Any) -> str:  # noqa: ANN401 - values of the plan's keys
    plan = msgspec.to_builtins(default()[0])
    plan[key].update(over)
    with pytest.raises(PlanError) as caught:
        refuse_unattended(msgspec.convert(plan, type(default()[0])))
    return str(caught.value)


def test_what_only_a_host_can_look_at_is_refused_by_its_name() -> None:
    said = refused("gates", max_thermal_status=1, forbid_throttle=True, forbid_charging=True)
    assert said == "gates: a detached run cannot look at max_thermal_status: only the host can"
    assert "pairs" in refused("run", pairing="on_off")


def test_what_a_device_can_look_at_by_itself_is_not_refused() -> None:
    plan = msgspec.to_builtins(default()[0])
    plan["gates"].update(
        min_battery_level_ratio=0.3,
        max_battery_temperature_c=35.0,
        forbid_charging=True,
        cooldown_above_start_k=2.0,
        max_temperature_slope_k_per_min=0.5,
        steady_for_s=30.0,
        forbid_throttle=True,
        max_thermal_status=None,
    )
    plan["controls"] = ["governor"]
    refuse_unattended(msgspec.convert(plan, type(default()[0])))
