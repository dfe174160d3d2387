"""What is held of a device while it runs attempts by itself: left set, and put back later.

The host's book, the device's watchdog and the run's own agent share it: the agent gives the
watchdog its signs as long as attempts run, and reads each setting after each of them. When the
run has ended, or died, the watchdog puts everything back after its silence, or `collect` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from collectors.protocol import Clock
from host.errors import PlanError
from host.handover.limits import beyond_agent
from host.handover.plan import Plan
from host.pipeline.reach import Reached
from host.pipeline.surroundings import SIGNS, controlled, describe, ledgers
from host.run.detached import Held, Where
from host.run.folder import RunFolder
from host.run.surroundings import store_in
from host.state.around import Around
from host.state.control import read_argv, same
from host.state.description import Description
from host.state.lease import Leases, event_of
from host.state.ledger import Held as HeldSetting
from host.state.ledger import Ledger
from host.state.left_over import refuse_failed, restore_left_over
from host.state.restore import Outcome


def refuse_unattended(plan: Plan, *, shell_agent: bool = False) -> None:
    """Raise PlanError for what no device can do without its host, naming it.

    shell_agent: it has that one, which looks at no gates and gives no signs to the watchdog.
    """
    agent = "the shell agent" if shell_agent else "the device's agent"
    if plan.run.pairing != "none":
        raise PlanError("run.pairing", "a detached run cannot have pairs")
    if plan.pulses:
        said = "a detached run has no meter to play load pulses for"
        raise PlanError("pulses", f"{said}; leave the table out, or stay with the run")
    beyond = beyond_agent(plan.gates, shell_agent=shell_agent)
    if beyond:
        said = (
            f"a detached run cannot look at {' and '.join(beyond)}: {agent} has no source for it"
        )
        raise PlanError("gates", f"{said}; leave it out, or stay with the run")
    if shell_agent and plan.controls:
        said = "a detached run of the shell agent cannot hold controls"
        raise PlanError("controls", f"{said}; leave them out, or stay with the run")


@contextmanager
def left_alone(
    device: Reached, plan: Plan, folder: RunFolder, clock: Clock
) -> Iterator[Held | None]:
    """Look at the device and set what the plan names; leaving keeps it set.

    Where handing over fails, everything is put back as in an attended run.
    """
    description = describe(device)
    Around(device.transport, description, plan.gates, clock, store_in(folder)).begin()
    if not plan.controls:
        yield None
        return
    with controlled(device, description, plan.controls) as leases:
        yield Held(_told(leases, description, device.restore_after_s / SIGNS), leases.story)
        leases.detach()


def take_back(device: Reached, plan: Plan, folder: RunFolder, clock: Clock, left: Where) -> None:
    """Look at the device after its run, and put back what was left set for it.

    Raises ControlError where that fails: the watchdog and the next start of a host go on trying.
    """
    description = describe(device)
    store = store_in(folder)
    Around(device.transport, description, plan.gates, clock, store).end()
    if not left.token:
        return
    with Ledger(ledgers(), device.name) as ledger:
        ended: tuple[Outcome, ...] = ()
        # A later run of this host has settled ours before it took its own, which are not ours.
        if any(held.token == left.token for held in ledger.held):
            ended = restore_left_over(device.transport, description, ledger)
    told = [event_of(o.how, o.held, o.detail, found=o.found) for o in ended]
    store(None, "controls", [*left.story, *told])
    refuse_failed(device.transport.device, ended)


def _told(leases: Leases, description: Description, every_s: float) -> dict[str, Any]:
    """The leases as the agent is told of them (`agent/lease.py`)."""
    return {
        "folder": str(leases.keeper.folder),
        "token": leases.token,
        "every_s": every_s,
        "settings": [_setting(held, description) for held in leases.held],
    }


def _setting(held: HeldSetting, description: Description) -> dict[str, Any]:
    control = held.control
    alike = [word for word in control.words if same(control, word, held.new)]
    return {
        "id": control.id,
        "read": list(read_argv(control, description)),
        "pattern": control.pattern,
        "accepted": [held.new, *(word for word in alike if word != held.new)],
    }
