"""Leases: settings of a device that are changed for a run and put back in every ending.

Order matters. The host's book is synced first, then the device gets the script that undoes it,
then the setting is made, then it is read back. Whatever dies in between, somebody who lives knows
what to put back: this process, the device's watchdog, or the next start of a host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from host.errors import ControlError, TransportError
from host.state.control import Control, refused, restore_argv, same, set_argv
from host.state.description import Description
from host.state.keeper import Keeper
from host.state.ledger import Held, Ledger
from host.state.left_over import give_up, new_token, refuse_failed, restore_left_over
from host.state.missing import Missing, shown, text_of
from host.state.restore import (
    COMMAND_S,
    Outcome,
    Pause,
    look,
    pause,
    put_back,
    rebooted,
    settled,
)
from host.state.snapshot import to_json
from host.transport.base import Transport


@dataclass(frozen=True, slots=True)
class Watch:
    """The device's watchdog: how long without a sign until it restores, and how often it looks.

    Each look costs the device one `sleep` process.
    """

    silence_s: int
    poll_s: float = 5.0


@dataclass(slots=True)
class Leases:
    """What one run holds of one device. Made by `leases`, which restores in every ending."""

    transport: Transport
    description: Description
    ledger: Ledger
    keeper: Keeper
    token: str
    watch: Watch
    wait: Pause = pause
    lost: str = ""
    detached: bool = False
    outcomes: list[Outcome] = field(default_factory=list)
    story: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def held(self) -> tuple[Held, ...]:
        return tuple(h for h in self.ledger.held if h.token == self.token)

    def take(self, control: Control, value: str) -> Held:
        """Save the old value, set, read back. Raises ControlError and leaves things as they were.

        Refused: a value that cannot be set or put back, that would cut our own link, or that
        does not read back; and a control that is held already.
        """
        device = self.transport.device
        if any(h.control.id == control.id for h in self.held):
            raise ControlError(device, f"{control.id} is held already")
        if why := self.beat() or refused(control, value, self.description):
            raise ControlError(device, why)
        seen = look(self.transport, [control], self.description)
        old = seen.values[control.id]
        if isinstance(old, Missing):
            raise ControlError(device, f"{control.id} cannot be read: {old}")
        undo = restore_argv(control, old, self.description)
        if isinstance(undo, Missing):
            raise ControlError(device, f"{control.id} is {old} and could not be restored: {undo}")
        boot_id = seen.boot_id if isinstance(seen.boot_id, str) else ""
        number = self.ledger.next_number()
        held = Held(number, self.token, boot_id, control, old, value)
        self.ledger.take(held)
        self._note("taken", held)
        if not same(control, old, value):
            self.keeper.put(number, undo, f"{control.id}: {old}, set to {value}")
            self._set(held)
        return held

    def check(self) -> str:
        """Whether everything is still as it was set: "" or the reason that voids an attempt.

        It is a sign of life to the watchdog too. Raises TransportError when the way fails.
        """
        if self.beat() or not self.held:
            return self.lost
        return still_held(self.transport, self.description, self.held)

    def beat(self) -> str:
        """Give the watchdog a sign of life: "" or why the leases are lost, for good.

        A host that was asleep longer than the watchdog waits learns it here. A watchdog that is
        gone is started again.
        """
        if self.lost:
            return self.lost
        life = self.keeper.beat()
        if life == "lost":
            self.lost = "lease-lost: the device heard nothing of us and put its settings back"
        elif life == "unwatched":
            self.keeper.start(self.watch.silence_s, self.watch.poll_s)
        return self.lost

    def detach(self) -> None:
        """Leave everything as it is set: the run goes on without us.

        The device's watchdog restores after its silence, or the next start of a host does.
        """
        self.detached = True

    def restore(self) -> tuple[Outcome, ...]:
        """Put everything back and prove it. What fails stays with the watchdog and in the book."""
        held = self.held
        ended = put_back(self.transport, self.description, self.ledger, held, self.wait)
        self.outcomes += ended
        for outcome in ended:
            self._note(outcome.how, outcome.held, outcome.detail, found=outcome.found)
        try:
            give_up(self.keeper, ended)
        except ControlError as err:
            # After a reboot the folder may be gone, and its program with it. Then it is for the
            # book alone to say whether something is left.
            if any(o.how == "failed" for o in ended):
                raise
            self.lost = self.lost or str(err)
        return ended

    def _set(self, held: Held) -> None:
        control = held.control
        argv = set_argv(control, held.new, self.description)
        if isinstance(argv, Missing):  # `refused` has said so before
            raise ControlError(self.transport.device, str(argv))
        done = self.transport.call(argv, timeout_s=COMMAND_S)
        goal = {control.id: (control, held.new)}
        now = settled(self.transport, goal, self.description, self.wait)[control.id]
        if _holds(held, now):
            return
        said = shown(text_of(done.stderr or done.stdout).strip())
        ended = put_back(self.transport, self.description, self.ledger, [held], self.wait)
        self.outcomes += ended
        self.keeper.drop([o.held.number for o in ended if o.how != "failed"])
        self._note("refused", held, f"reads back {now}")
        why = f"{control.id} was set to {held.new} and reads back {now}"
        why = self.beat() or why + (f" ({said})" if said else "")
        raise ControlError(self.transport.device, why)

    def _note(
        self, event: str, held: Held, detail: str = "", *, found: str | Missing | None = None
    ) -> None:
        self.story.append(event_of(event, held, detail, found=found))


def event_of(
    event: str, held: Held, detail: str = "", *, found: str | Missing | None = None
) -> dict[str, Any]:
    """What became of a lease, as `data/controls.json` tells it."""
    return {
        "event": event,
        "control": held.control.id,
        "old": held.old,
        "new": held.new,
        "boot_id": held.boot_id,
        "found": to_json(found),
        "detail": detail,
    }


def still_held(transport: Transport, description: Description, held: Sequence[Held]) -> str:
    """Whether settings are still as they were set, in one call: "" or what voids an attempt.

    Also for leases that an earlier run left to a detached one: those in the book.
    """
    if not held:
        return ""
    seen = look(transport, [h.control for h in held], description)
    if any(rebooted(h, seen.boot_id) for h in held):
        return f"device-rebooted: boot {seen.boot_id}"
    changed = [
        f"{h.control.id} {h.new} -> {seen.values[h.control.id]}"
        for h in held
        if not _holds(h, seen.values[h.control.id])
    ]
    return f"control-changed: {', '.join(changed)}" if changed else ""


def _holds(held: Held, found: str | Missing) -> bool:
    return not isinstance(found, Missing) and same(held.control, found, held.new)


@contextmanager
def leases(
    transport: Transport,
    description: Description,
    ledger: Ledger,
    watch: Watch,
    wait: Pause = pause,
) -> Iterator[Leases]:
    """Hold settings of a device for a while; leaving restores them, however it is left.

    Raises ControlError where another host holds the device, and on leaving, when nothing else
    went wrong, where something could not be restored: the watchdog goes on trying then.
    """
    left = restore_left_over(transport, description, ledger, wait)
    refuse_failed(transport.device, left)
    token = new_token()
    ledger.begin(token)
    keeper = Keeper(transport, description, token)
    keeper.install()
    taken = keeper.claim()
    if taken is not None:
        raise ControlError(transport.device, f"its settings are held by {taken.token}")
    keeper.start(watch.silence_s, watch.poll_s)
    made = Leases(transport, description, ledger, keeper, token, watch, wait)
    try:
        yield made
    except BaseException:
        try:
            made.restore()
        except (TransportError, ControlError) as err:
            made.lost = made.lost or f"not restored: {err}"
        raise
    if not made.detached:
        refuse_failed(transport.device, made.restore())
