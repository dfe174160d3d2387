"""The state of a device around its run: looked at, held where the plan says so, put back."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from platformdirs import user_state_path

from collectors.protocol import Clock
from host.errors import PlanError
from host.handover.plan import GatePlan, Plan
from host.handover.profile import Control as ProfileControl
from host.pipeline.reach import Reached
from host.run.folder import RunFolder, write_json
from host.state.around import Around
from host.state.control import Control
from host.state.description import Description, System, link_of
from host.state.lease import Watch, leases
from host.state.ledger import Ledger
from host.transport.base import output

CALL_TIMEOUT_S = 60.0
# A host that is silent for longer has lost the link for good, as far as a phone's settings go:
# its screen and radios shall not stay as we set them over night.
SILENCE_S = 600
# What the agent itself looks at (host/run/gates.py); all other gates are of the device's state.
AGENT_GATES = frozenset({"timeout_s", "max_busy_ratio", "max_temperature_c"})
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
    around = Around(device.transport, description, plan.gates, clock, _store(folder))
    around.begin()
    if not plan.controls:
        yield around
    else:
        wanted = _wanted(device, plan.controls)
        with (
            Ledger(ledgers(), device.name) as ledger,
            leases(device.transport, description, ledger, Watch(SILENCE_S)) as held,
        ):
            around.leases = held
            for control, value in wanted:
                held.take(control, value)
            yield around
            around.end()
        around.tell_controls()
        return
    around.end()


def of_state(gates: GatePlan) -> bool:
    """Whether any gate looks at more than the agent does."""
    set_ = {name for name in gates.__struct_fields__ if getattr(gates, name) is not None}
    return not set_ <= AGENT_GATES


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


def _store(folder: RunFolder) -> Any:  # noqa: ANN401
    def store(number: int | None, name: str, value: Any) -> None:  # noqa: ANN401
        place = folder.data if number is None else folder.attempt(number)
        place.mkdir(parents=True, exist_ok=True)
        write_json(place / f"{name}.json", value)

    return store


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
