"""The state of a device around its run: looked at, held where the plan says so, put back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from collectors.protocol import Clock
from host.errors import PlanError
from host.handover.plan import GatePlan, Plan
from host.handover.profile import Control as ProfileControl
from host.pipeline.reach import Reached
from host.run.folder import RunFolder
from host.run.surroundings import store_in
from host.state.around import Around
from host.state.control import Control
from host.state.description import Description, System, link_of
from host.state.heart import Heart
from host.state.keeper import Keeper
from host.state.lease import Leases, Watch, leases
from host.state.ledger import Ledger
from host.transport.base import Transport, output

CALL_TIMEOUT_S = 60.0
# Signs in the watchdog's patience: one may be lost, and the next one a little late.
SIGNS = 3
# How often the watchdog looks, each look a `sleep` process there, and at least so often in its
# patience, so that it is not much longer than it says.
POLL_S, POLLS = 5.0, 10
# What the agent itself looks at (host/run/gates.py); all other gates are of the device's state,
# but for those of the air, which the host looks at (host/run/ambient.py).
AGENT_GATES = frozenset({"timeout_s", "max_busy_ratio", "max_temperature_c"})
HOST_GATES = frozenset({"min_ambient_c", "max_ambient_c"})
_WHICH = "command -v getprop >/dev/null 2>&1 && echo android || echo linux; id -u"


@contextmanager
def surroundings(
    device: Reached, plan: Plan, folder: RunFolder, clock: Clock
) -> Iterator[Around | None]:
    """Look at the device's state before, around and after attempts; hold what the plan names.

    None for this machine where the plan asks for none of it: its agent says what there is.
    """
    if device.store is None and not plan.controls and not of_state(plan.gates):
        yield None
        return
    description = describe(device)
    around = Around(device.transport, description, plan.gates, clock, store_in(folder))
    around.begin()
    if not plan.controls:
        yield around
        around.end()
        return
    with controlled(device, description, plan.controls) as held:
        around.leases = held
        with _heart(device, description, held):
            yield around
        around.end()
    around.tell_controls()


@contextmanager
def controlled(
    device: Reached, description: Description, controls: Sequence[str]
) -> Iterator[Leases]:
    """Hold these controls of the profile; leaving puts them back unless the lease is detached."""
    wanted = _wanted(device, controls)
    silence_s = device.restore_after_s
    watch = Watch(silence_s, min(POLL_S, silence_s / POLLS))
    with (
        Ledger(ledgers(), device.name) as ledger,
        leases(device.transport, description, ledger, watch) as held,
    ):
        for control, value in wanted:
            held.take(control, value)
        yield held


def _heart(
    device: Reached, description: Description, held: Leases
) -> AbstractContextManager[object]:
    """Signs while the host waits for an attempt that takes longer than the watchdog waits.

    One `sh` on the device a sign, over a connection of its own. A serial console has one
    connection only: there `restore_after_s` must be longer than an attempt.
    """
    if description.link == "serial":
        return nullcontext()

    def keeper(way: Transport) -> Keeper:
        return Keeper(way, description, held.token)

    return Heart(device.connect, keeper, device.restore_after_s / SIGNS)


def of_state(gates: GatePlan) -> bool:
    """Whether any gate looks at more than the agent does."""
    set_ = {name for name in gates.__struct_fields__ if getattr(gates, name) is not None}
    return not set_ <= AGENT_GATES | HOST_GATES


def ledgers() -> Path:
    """Where this host notes which settings of which device it holds."""
    named = os.environ.get("INFEROMETER_STORE")
    return (Path(named) if named else user_state_path("inferometer")) / "leases"


def describe(device: Reached) -> Description:
    """What kind of device it is, and by what right we are there."""
    said = output(device.transport, ["sh", "-c", _WHICH], timeout_s=CALL_TIMEOUT_S)
    words = said.decode("ascii", "replace").split()
    system: System = "android" if words[:1] == ["android"] else "linux"
    return Description(
        system=system,
        store=device.deployment.spool.parent,
        link=link_of(device.transport.device),
        root=() if words[1:2] == ["0"] else None,
    )


def _wanted(device: Reached, ids: Sequence[str]) -> list[tuple[Control, str]]:
    """The profile's controls of these ids, with the values that it wants."""
    listed = msgspec.convert(device.profile.get("control", ()), tuple[ProfileControl, ...])
    known = {one.id: one for one in listed}
    for one in ids:
        if one not in known:
            there = ", ".join(known) or "none"
            raise PlanError("controls", f"{one} is none of {device.name}'s profile: {there}")
    return [(_control(known[one]), known[one].value) for one in ids]


def _control(one: ProfileControl) -> Control:
    return Control(
        id=one.id,
        read=one.read,
        set=one.set,
        persists=one.persists,
        source=one.document,
        restore=one.restore,
        unset=one.unset or (),
        pattern=one.pattern or "",
        words=one.words,
        needs_root=one.needs_root,
        cuts=one.cuts,
    )
