"""A host in a process of its own that holds leases, so that it can be stopped and killed.

    python lease_holder.py PLACE LEDGERS SILENCE_S [N]

With N it kills itself right before its Nth call to the device.

Lines on stdin: `take ID VALUE`, `check`, `leave`; one line of answer each. What it cannot do it
says, as the command line would, and goes on.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from host.errors import HostError
from host.state.controls import built_in
from host.state.lease import Leases, Watch, leases
from host.state.ledger import Ledger
from host.state.snapshot import DeviceState
from host.transport.base import Done
from tests.fakes.shells import Inside, at


def serve(held: Leases, line: str) -> str:
    """Do what one line says."""
    word, *rest = line.split()
    try:
        if word == "take":
            name, value = rest
            control = built_in(DeviceState(), held.description)[name]
            return f"held {held.take(control, value).number}"
        return held.check() or "unchanged"
    except HostError as err:
        return f"refused {err}"


def say(answer: str) -> None:
    """One line of answer."""
    sys.stdout.write(f"{answer}\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class Doomed(Inside):
    """Kills this process right before its Nth call."""

    left: list[int] = field(default_factory=list)

    def call(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes = b"") -> Done:
        if not self.left.pop():
            os.kill(os.getpid(), signal.SIGKILL)
        return Inside.call(self, argv, timeout_s=timeout_s, stdin=stdin)


def main() -> None:
    place, ledgers, silence_s, *fatal = sys.argv[1:]
    device = at(Path(place))
    transport = device.transport
    if fatal:
        others = [1] * (int(fatal[0]) - 1)
        transport = Doomed(transport.environment, left=[*[1] * 1000, 0, *others])
    try:
        with (
            Ledger(Path(ledgers), device.transport.device) as ledger,
            leases(transport, device.description, ledger, Watch(int(silence_s), 0.1)) as held,
        ):
            say("ready")
            for line in sys.stdin:
                if line.strip() == "leave":
                    break
                say(serve(held, line))
    except HostError as err:
        say(f"refused {err}")
        sys.exit(3)
    say("left")


if __name__ == "__main__":
    main()
