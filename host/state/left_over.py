"""What an earlier run left changed of a device, and how it is put back."""

from __future__ import annotations

import platform
import re
import secrets
from collections.abc import Sequence

from host.errors import ControlError
from host.state.description import Description
from host.state.keeper import Keeper, Taken
from host.state.ledger import Ledger
from host.state.restore import Outcome, Pause, pause, put_back
from host.transport.base import Transport


def new_token() -> str:
    """Names the holder to people and to no one twice."""
    host = re.sub(r"[^A-Za-z0-9-]", "", platform.node())[:30] or "host"
    return f"{host}.{secrets.token_hex(12)}"


def refuse_failed(device: str, ended: Sequence[Outcome]) -> None:
    """Raise ControlError where a lease could not be put back."""
    failed = [f"{o.held.control.id}: {o.detail}" for o in ended if o.how == "failed"]
    if failed:
        raise ControlError(device, f"could not be restored: {'; '.join(failed)}")


def give_up(keeper: Keeper, ended: Sequence[Outcome]) -> None:
    """Tell the device what is done; end its watchdog when nothing is left."""
    if any(o.how == "failed" for o in ended):
        keeper.drop([o.held.number for o in ended if o.how != "failed"])
    else:
        keeper.end(settled=True)


def restore_left_over(
    transport: Transport, description: Description, ledger: Ledger, wait: Pause = pause
) -> tuple[Outcome, ...]:
    """Put back what an earlier run of a host left changed. Call it before anything else.

    First what our own book holds; then, where the device's folder belongs to a host that this
    book does not know and no watchdog lives there any more, what its scripts hold. Raises
    ControlError where another host's watchdog lives: that host is to be asked, or waited for.
    """
    ended = put_back(transport, description, ledger, ledger.held, wait)
    probe = Keeper(transport, description, new_token())
    probe.install()
    taken = probe.claim()
    if taken is None:
        probe.end()
        return ended
    if taken.token in ledger.tokens:
        give_up(Keeper(transport, description, taken.token), ended)
        return ended
    _take_from_another(probe, taken, transport, description)
    return ended


def _take_from_another(
    probe: Keeper, taken: Taken, transport: Transport, description: Description
) -> None:
    if taken.alive:
        said = (
            f"its settings are held by {taken.token} ({taken.left} changed), whose watchdog lives"
        )
        raise ControlError(transport.device, said)
    if probe.restore():
        raise ControlError(transport.device, "settings of another host could not be restored")
    Keeper(transport, description, taken.token).end()
