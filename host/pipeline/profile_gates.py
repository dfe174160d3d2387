"""A plan that the user did not write takes its gates from the profile of its device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from host.errors import PlanError
from host.handover.limits import ALONE
from host.handover.plan import GatePlan, Plan
from host.handover.profile import Gates
from host.handover.progress import Progress, Watch
from host.pipeline.reach import Reached
from host.pipeline.surroundings import describe
from host.state.own_gates import split
from host.state.snapshot import snapshot

NAME = "gates.json"
TIMEOUT = frozenset({"timeout_s"})
DETACHED = "a detached run does not look at it"


@dataclass(frozen=True, slots=True)
class ProfileGates:
    """What a profile's gates became. left_out: gate -> why this run does not have it."""

    profile: str
    taken: dict[str, Any]
    left_out: dict[str, str]

    def sentence(self) -> str:
        """One line for people."""
        taken = ", ".join(f"{name} = {value}" for name, value in self.taken.items()) or "none"
        without = ", ".join(f"{name} ({why})" for name, why in self.left_out.items())
        tail = f"; not looked at: {without}" if without else ""
        return f"gates of profile {self.profile}: {taken}{tail}"


def with_profile_gates(
    plan: Plan, device: Reached, watch: Watch, *, detached: bool
) -> tuple[Plan, ProfileGates | None]:
    """The plan with the gates of the device's profile over its own; None: it has none.

    The device is looked at once, for gates on what it does not show would void every attempt.
    """
    given = msgspec.convert(device.profile.get("gates") or {}, Gates)
    stated = {n: v for n in Gates.__struct_fields__ if (v := getattr(given, n)) is not None}
    if not stated:
        return plan, None
    # A shell agent that is left alone waits at none.
    alone = TIMEOUT if device.deployment.shell else TIMEOUT | ALONE
    unseen = {n: DETACHED for n in stated if detached and n not in alone}
    wanted = {n: v for n, v in stated.items() if n not in unseen}
    taken, left_out = split(wanted, snapshot(device.transport, describe(device)))
    name = str(device.profile.get("product", {}).get("name", ""))
    found = ProfileGates(name, taken, {**unseen, **left_out})
    watch(Progress("gates", waiting=found.sentence()))
    own = {n: v for n, v in msgspec.to_builtins(plan.gates).items() if v is not None}
    try:
        gates = msgspec.convert({**own, **taken}, GatePlan)
    except msgspec.ValidationError as err:
        raise PlanError("gates", f"the profile's cannot be held: {err}") from err
    return msgspec.structs.replace(plan, gates=gates), found
