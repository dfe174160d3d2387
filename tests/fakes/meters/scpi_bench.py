"""A made-up SCPI instrument that answers from a table and can misbehave."""

from __future__ import annotations

import re

DP832 = "RIGOL TECHNOLOGIES,DP832,DP8C000000001,00.01.14"
SUPPLY = {
    "MEAS:VOLT? CH1": "12.003",
    "MEAS:CURR? CH1": "1.2500",
    "MEAS:POWE? CH1": "15.004",
}


class ScpiBench:
    """identity: reply to `*IDN?`. answers: by question. settings: heads that can be set.

    faults: what to reply instead, by question, used once each in order; b"" keeps silent.
    """

    def __init__(
        self,
        identity: str = DP832,
        answers: dict[str, str] | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.identity = identity
        self.answers = dict(SUPPLY if answers is None else answers)
        self.settings = dict(settings or {})
        self.faults: dict[str, list[bytes]] = {}
        self.stuck: set[str] = set()
        self.errors: list[str] = []
        self.heard: list[str] = []

    def hang_up(self) -> None: ...

    def hear(self, message: str) -> bytes:
        self.heard.append(message)
        if self.faults.get(message):
            return self.faults[message].pop(0)
        if message.endswith("?") or "? " in message:
            return self._reply(message)
        head, _, value = message.partition(" ")
        if head not in self.settings:
            self.errors.append('-113,"Undefined header"')
        elif head not in self.stuck:
            self.settings[head] = _as_read(value)
        return b""

    def _reply(self, question: str) -> bytes:
        if question == "*IDN?":
            return self.identity.encode() + b"\n"
        if question == "SYST:ERR?":
            return (self.errors.pop(0) if self.errors else '0,"No error"').encode() + b"\n"
        if question.rstrip("?") in self.settings:
            return self.settings[question.rstrip("?")].encode() + b"\n"
        if question in self.answers:
            return self.answers[question].encode() + b"\n"
        self.errors.append('-113,"Undefined header"')
        return b""


def _as_read(value: str) -> str:
    """Numbers come back in scientific notation, on and off as 1 and 0, words as they are."""
    if re.fullmatch(r"[-+]?[0-9.]+", value):
        return f"{float(value):+.8E}"
    return {"ON": "1", "OFF": "0"}.get(value, value)
