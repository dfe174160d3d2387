"""One process of a load pattern: computes while a bit is 1, sleeps while it is 0, stamps it.

Says `ready`, hears `play{bits, bit_ns, start_ns, quiet_ns}`, says `played{t_ns}` and ends. It ends
by itself as well when nobody listens any more: a pattern lasts no longer than it was ordered.
"""

from __future__ import annotations

import time
from itertools import groupby

from agent.pipes import Sender, claim_stdout, read_lines
from agent.wire import decode
from collectors.clocks import device_clock
from collectors.protocol import Clock


def main() -> int:
    """Play one pattern."""
    sender = Sender(claim_stdout())
    sender.send("ready")
    raw = next(read_lines(0), None)
    if raw is None:
        return 0
    told = decode(raw)
    start_ns, bit_ns, quiet_ns = told["start_ns"], told["bit_ns"], told["quiet_ns"]
    sender.send("played", {"t_ns": play(told["bits"], start_ns, bit_ns, quiet_ns, device_clock())})
    return 0


def play(bits: str, start_ns: int, bit_ns: int, quiet_ns: int, clock: Clock) -> list[int]:
    """Play it; gives the stamps at which its states changed, as `states` counts them.

    A state begins when the one before was seen to end, so that no time is without a state.
    """
    stamps = [clock.now_ns()]
    _sleep(start_ns, clock)
    stamps.append(clock.now_ns())
    due_ns = start_ns
    for bit, run in groupby(bits):
        due_ns += bit_ns * len(list(run))
        if bit == "1":
            while clock.now_ns() < due_ns:
                pass
        else:
            _sleep(due_ns, clock)
        stamps.append(clock.now_ns())
    _sleep(due_ns + quiet_ns, clock)
    stamps.append(clock.now_ns())
    return stamps


def states(bits: str) -> str:
    """The state between two stamps each: quiet, each run of equal bits, quiet."""
    return "0" + "".join(bit for bit, _ in groupby(bits)) + "0"


def _sleep(until_ns: int, clock: Clock) -> None:
    while (left_ns := until_ns - clock.now_ns()) > 0:
        time.sleep(left_ns * 1e-9)
