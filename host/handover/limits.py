"""The gates of a plan as the rules take them that host and agent share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import msgspec

from agent.gates import Limits
from host.handover.plan import GatePlan

# Gates that an agent with Python looks at by itself, with no host.
ALONE = frozenset(f.name for f in fields(Limits))


def limits_of(gates: GatePlan) -> Limits:
    """The gates that follow from a look at the device; all but Android's status."""
    return Limits(**{f.name: getattr(gates, f.name) for f in fields(Limits)})


def gates_set(gates: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the gates that are set."""
    unset = (None, False, msgspec.UNSET)
    return tuple(n for n, v in gates.items() if n != "timeout_s" and v not in unset)


def beyond_agent(gates: GatePlan, *, shell_agent: bool = False) -> tuple[str, ...]:
    """Gates that are set and that the agent cannot look at by itself; a shell's looks at none."""
    names = gates_set(msgspec.structs.asdict(gates))
    return names if shell_agent else tuple(name for name in names if name not in ALONE)
