"""Reading controls, and putting them back: one way for every ending."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from host.errors import TransportError
from host.state.control import Control, read_argv, restore_argv, same, value_in
from host.state.description import Description
from host.state.ledger import Held, How, Ledger
from host.state.missing import Missing, shown, text_of
from host.state.sections import Answer, Section, answer, answers_of, asks, script
from host.state.snapshot import CALL_S, boot_id_of
from host.transport.base import Transport

COMMAND_S = 30.0
# Some services answer before they have done it: a screen, a radio. Looked at this often, then it
# counts as not done.
LOOKS, BETWEEN_LOOKS_S = 10, 0.3

Pause = Callable[[float], None]


def pause(seconds: float) -> None:
    """Wait without a signal handler in the way."""
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Seen:
    """Values of controls by id, and the boot they were read in."""

    boot_id: str | Missing
    values: Mapping[str, str | Missing]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one lease ended. found: the value before anything was done about it."""

    held: Held
    how: How
    found: str | Missing
    detail: str = ""


def look(transport: Transport, controls: Sequence[Control], description: Description) -> Seen:
    """Read controls in one call. Raises TransportError."""
    mark = f"inferometer-{secrets.token_hex(8)}"
    boot = asks(["cat", f"{description.proc}/sys/kernel/random/boot_id"])
    sections = [Section("boot_id", boot)]
    sections += [
        Section(f"c{n}", asks(read_argv(control, description)))
        for n, control in enumerate(controls)
    ]
    done = transport.call(["sh", "-c", script(sections, mark)], timeout_s=CALL_S)
    answers = answers_of(done.stdout, mark)
    return Seen(
        boot_id_of(answer(answers, "boot_id")),
        {c.id: _value(answers, f"c{n}", c) for n, c in enumerate(controls)},
    )


def _value(answers: Mapping[str, Answer], name: str, control: Control) -> str | Missing:
    said = answer(answers, name)
    return said if isinstance(said, Missing) else value_in(control, said)


def settled(
    transport: Transport,
    wanted: Mapping[str, tuple[Control, str]],
    description: Description,
    wait: Pause = pause,
) -> dict[str, str | Missing]:
    """Look until every control has its wanted value, or often enough. Gives what was last seen."""
    controls = [control for control, _ in wanted.values()]
    seen: Mapping[str, str | Missing] = {}
    for _ in range(LOOKS):
        seen = look(transport, controls, description).values
        if all(_is(c, seen[name], value) for name, (c, value) in wanted.items()):
            break
        wait(BETWEEN_LOOKS_S)
    return dict(seen)


def _is(control: Control, found: str | Missing, value: str) -> bool:
    return not isinstance(found, Missing) and same(control, found, value)


def put_back(
    transport: Transport,
    description: Description,
    ledger: Ledger,
    held: Sequence[Held],
    wait: Pause = pause,
) -> tuple[Outcome, ...]:
    """Restore leases, newest first, prove it by reading back, and write down how each ended.

    A setting that the device forgets at a reboot is left alone after one: it has the device's own
    value. Raises TransportError when the way fails before it is known how a lease ended; then
    it is still held.
    """
    if not held:
        return ()
    newest = sorted(held, key=lambda h: h.number, reverse=True)
    before = look(transport, [h.control for h in newest], description)
    outcomes = [_without_doing(h, before) for h in newest]
    to_do = [h for h, o in zip(newest, outcomes, strict=True) if o is None]
    said = {h.number: _restore(transport, description, h) for h in to_do}
    goal = {h.control.id: (h.control, h.old) for h in to_do}
    after = settled(transport, goal, description, wait) if goal else {}
    ended = tuple(
        o or _outcome(h, before.values[h.control.id], after[h.control.id], said[h.number])
        for h, o in zip(newest, outcomes, strict=True)
    )
    for outcome in ended:
        ledger.settle(outcome.held.number, outcome.how, outcome.detail)
    return ended


def _without_doing(held: Held, seen: Seen) -> Outcome | None:
    """How a lease ended where nothing needs to be done, else None."""
    found = seen.values[held.control.id]
    if rebooted(held, seen.boot_id) and not held.control.persists:
        return Outcome(held, "reset-by-reboot", found, f"now {found}")
    if _is(held.control, found, held.old):
        return Outcome(held, "was-restored", found)
    return None


def rebooted(held: Held, boot_id: str | Missing) -> bool:
    """Whether the device has started anew since; not where one of the two boots is unknown."""
    return bool(held.boot_id) and isinstance(boot_id, str) and boot_id != held.boot_id


def _restore(transport: Transport, description: Description, held: Held) -> str:
    """Run the restoring command; "" or what went wrong."""
    argv = restore_argv(held.control, held.old, description)
    if isinstance(argv, Missing):
        return str(argv)
    try:
        done = transport.call(argv, timeout_s=COMMAND_S)
    except TransportError as err:
        return str(err)
    return shown(text_of(done.stderr or done.stdout).strip()) if done.status else ""


def _outcome(held: Held, found: str | Missing, after: str | Missing, said: str) -> Outcome:
    note = f"found {found}" if found != held.new else ""
    if _is(held.control, after, held.old):
        return Outcome(held, "restored", found, note)
    why = f"wanted {held.old}, is {after}" + (f"; {said}" if said else "")
    return Outcome(held, "failed", found, why)
