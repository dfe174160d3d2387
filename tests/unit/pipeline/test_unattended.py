from __future__ import annotations

from typing import Any

import msgspec
import pytest

from host.errors import PlanError
from host.pipeline.unattended import refuse_unattended
from host.plan.load import default


def refused(key: str, *, shell_agent: bool = False, **over: Any) -> str:  # noqa: ANN401 - of the plan
    plan = msgspec.to_builtins(default()[0])
    plan[key].update(over)
    with pytest.raises(PlanError) as caught:
        refuse_unattended(msgspec.convert(plan, type(default()[0])), shell_agent=shell_agent)
    return str(caught.value)


def test_what_only_a_host_can_look_at_is_refused_by_its_name() -> None:
    said = refused("gates", max_thermal_status=1, forbid_throttle=True, forbid_charging=True)
    assert said.startswith("gates: a detached run cannot look at max_thermal_status: ")
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


def test_the_shell_agent_looks_at_no_gate_and_holds_no_control() -> None:
    said = refused("gates", shell_agent=True, max_busy_ratio=0.5, forbid_throttle=True)
    assert "cannot look at max_busy_ratio and forbid_throttle: the shell agent" in said
    plan = msgspec.structs.replace(default()[0], controls=("governor",))
    with pytest.raises(PlanError, match="shell agent cannot hold controls"):
        refuse_unattended(plan, shell_agent=True)
