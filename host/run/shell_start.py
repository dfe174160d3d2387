"""Starts runs of the shell agent that need no link, one at a time on a device."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.wire import Message, WireError, decode
from collectors.protocol import Clock
from host.errors import AgentError, HostError, TakenError, UnreachableError
from host.run.link import error_of
from host.run.shell_follow import Patience, Site
from host.run.shell_link import shell_line

# So long a run keeps its device between two attempts, and after a host that was killed: to collect
# 6 MB over a console of 115200 bit/s. A host that waits at a gate renews it meanwhile.
HOLD_S = 600
RENEW_S = 200
# A run has 20 s to begin (agent/shell/keep.sh, BEGIN_DS).
CALL_TIMEOUT_S = 60.0


def claim(site: Site) -> None:
    """Keep the device for this run. Raises TakenError where another run is there."""
    _kept(site, _word(site, "claim", HOLD_S))


def give_up(site: Site) -> None:
    """Free the device again."""
    site.transport.call(site.words("give-up", site.directory), timeout_s=CALL_TIMEOUT_S)


def stop(site: Site) -> None:
    """Tell the run to end; one that has ended already does not mind."""
    site.transport.call(["touch", str(site.directory / "stop")], timeout_s=CALL_TIMEOUT_S)


def begin(site: Site, clock: Clock, orders: Sequence[Mapping[str, Any]], hold_s: int) -> None:
    """Start a run of these orders and keep the device for hold_s after it.

    A start that a cut hid from us is looked for and not made twice. Raises UsageError where
    another run is there or an order is wrong, UnreachableError when the device stays away.
    """
    lines = b"".join(shell_line("attempt", {"order": order}) for order in orders)
    patience, written = Patience(site, clock), False
    while True:
        try:
            if written and _has_begun(site):
                return
            _write(site, lines)
            written = True
            _kept(site, _word(site, "detach", hold_s))
        except UnreachableError as err:
            patience.wait(err)
        else:
            return


def _has_begun(site: Site) -> bool:
    """Whether a run has taken the orders that we wrote: it gives them another name."""
    path = str(site.directory / "orders.new")
    return site.transport.call(["ls", path], timeout_s=CALL_TIMEOUT_S).status != 0


def _write(site: Site, lines: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="inferometer-orders-") as folder:
        file = Path(folder) / "orders"
        file.write_bytes(lines)
        site.transport.push(file, site.directory / "orders.new")


def _word(site: Site, word: str, seconds: int) -> Message:
    """Its one line of answer."""
    argv = site.words(word, site.directory, seconds)
    done = site.transport.call(argv, timeout_s=CALL_TIMEOUT_S)
    try:
        return decode(done.stdout)
    except WireError as err:
        detail = done.stderr.decode(errors="replace").strip()[-500:] or err
        raise AgentError(site.device, f"did not start a run: {detail}") from err


def _kept(site: Site, said: Message) -> None:
    if said["type"] != "kept":
        raise _refusal(site.device, said)


def _refusal(device: str, said: Message) -> HostError:
    if said.get("code") == "busy":
        detail = str(said.get("detail", ""))[:500]
        advice = "wait, or go on with it (measure --resume) from the host that began it"
        return TakenError(f"{device} is taken: {detail}; {advice}")
    return error_of(device, said)
