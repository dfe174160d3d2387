"""The gates of a plan as the rules take them that host and agent share."""

from __future__ import annotations

from dataclasses import fields

from agent.gates import Limits
from host.handover.plan import GatePlan


def limits_of(gates: GatePlan) -> Limits:
    """The gates that follow from a look at the device; all but Android's status."""
    return Limits(**{f.name: getattr(gates, f.name) for f in fields(Limits)})


def beyond_agent(gates: GatePlan) -> tuple[str, ...]:
    """Gates that are set and that no agent can look at by itself."""
    known = {f.name for f in fields(Limits)} | {"timeout_s"}
    others = (name for name in gates.__struct_fields__ if name not in known)
    return tuple(name for name in others if getattr(gates, name) not in (None, False))
