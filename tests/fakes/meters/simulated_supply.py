"""A DP832 for sinstruments' server: only the answers are ours, lines and timing are theirs.

Run as `python -m sinstruments -c FILE`; GPL, so it is a process of its own and never imported by
the product or by another test.
"""

from __future__ import annotations

from typing import Final

from sinstruments.simulator import BaseDevice

# From the RIGOL DP800 Series Programming Guide, :MEASure subsystem and *IDN?.
ANSWERS: Final = {
    b"*IDN?": b"RIGOL TECHNOLOGIES,DP832,DP8C000000002,00.01.14\n",
    b"SYST:ERR?": b'0,"No error"\n',
    b"MEAS:VOLT? CH1": b"5.0010\n",
    b"MEAS:CURR? CH1": b"0.4000\n",
    b"MEAS:POWE? CH1": b"2.000\n",
}


class Supply(BaseDevice):  # type: ignore[misc]  # the package has no types
    """Answers what it knows and keeps silent else, as instruments do."""

    def handle_message(self, message: bytes) -> bytes | None:
        return ANSWERS.get(message.strip())
