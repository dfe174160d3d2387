"""A host in a process of its own that holds leases, so that it can be stopped and killed.

    python lease_holder.py PLACE LEDGERS SILENCE_S

Lines on stdin: `take ID VALUE`, `check`, `leave`; one line of answer each. What it cannot do it
says, as the command line would, and goes on.
"""

from __future__ import annotations

import sys
from pathlib import Path

from host.errors import HostError
from host.state.controls import built_in
from host.state.lease import Leases, Watch, leases
from host.state.ledger import Ledger
from host.state.snapshot import DeviceState
from tests.fakes.shells import at


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


def main() -> None:
    place, ledgers, silence_s = sys.argv[1:]
    device = at(Path(place))
    try:
        with (
            Ledger(Path(ledgers), device.transport.device) as ledger,
            leases(
                device.transport, device.description, ledger, Watch(int(silence_s), 0.1)
            ) as held,
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
