"""A made-up Yokogawa WT310E whose updates happen when the test says so.

Written from Yokogawa's communication manual as our notes have it: settings with read-back, numeric
items, the condition and extended event registers with a transition filter, `:COMM:WAIT`,
integration, auto range, an error queue.
"""

from __future__ import annotations

import threading

IDENTITY = "YOKOGAWA,WT310E,C3UA00001E,F1.03"
WORDS = {
    "COMM:HEAD": "1",
    "COMM:REM": "0",
    "NUM:FORM": "FLOAT",
    "HOLD": "0",
    "INP:MODE": "VMEAN",
    "INP:CFAC": "6",
    "RATE": "250.0E-03",
    "MEAS:AVER:STAT": "1",
    "NUM:NORM:NUM": "3",
    "INP:VOLT:AUTO": "1",
    "INP:CURR:AUTO": "1",
    "INP:VOLT:RANG": "600.0E+00",
    "INP:CURR:RANG": "20.00E+00",
    "STAT:FILT1": "NEVER",
    "INTEG:MODE": "CONT",
    "INTEG:TIM": "1,0,0",
    **{f"NUM:NORM:ITEM{n}": "NONE" for n in range(1, 11)},
}
RANGES = {
    "INP:VOLT:RANG": (15, 30, 60, 150, 300, 600),
    "INP:CURR:RANG": (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20),
}
UPDATED = 1


class Wt310e:
    """`tick` ends one update. auto: (volts, amps) that auto range is at after each tick.

    update_at: a head; when it is set, one update ends right then.
    """

    def __init__(self, identity: str = IDENTITY) -> None:
        self.identity = identity
        self.settings = dict(WORDS)
        self.values: dict[str, str] = {}
        self.auto: list[tuple[float, float]] = []
        self.integration = "RESET"
        self.condition = 0
        self.free_running = False
        self.update_at = ""
        self.heard: list[str] = []
        self._events = 0
        self._errors: list[str] = []
        self._changed = threading.Condition()
        self._gone = False

    def tick(self, values: dict[str, str], condition: int = 0) -> None:
        with self._changed:
            self.values, self.condition = values, condition
            self._update()

    def hang_up(self) -> None:
        with self._changed:
            self._gone = True
            self._changed.notify_all()

    def hear(self, message: str) -> bytes:
        self.heard.append(message)
        replies = [reply for part in message.split(";") if (reply := self._one(part.strip()))]
        return (";".join(replies) + "\n").encode() if replies else b""

    def _update(self) -> None:
        """The update flag falls: it is latched where the filter asks for falling edges."""
        if self.settings["STAT:FILT1"] == "FALL":
            self._events |= UPDATED
        if self.auto and self.settings["INP:VOLT:AUTO"] == "1":
            volts, amps = self.auto.pop(0)
            self.settings["INP:VOLT:RANG"] = f"{volts:.2E}"
            self.settings["INP:CURR:RANG"] = f"{amps:.2E}"
        self._changed.notify_all()

    def _one(self, part: str) -> str:
        head, _, argument = part.lstrip(":").partition(" ")
        with self._changed:
            if head.endswith("?"):
                return self._asked(head[:-1])
            if head == "COMM:WAIT":
                self._wait(int(argument))
            elif head.startswith("INTEG:") and head[6:] in {"STAR", "STOP", "RES"}:
                self.integration = {"STAR": "START", "STOP": "STOP", "RES": "RESET"}[head[6:]]
            else:
                self._set(head, argument)
                if head == self.update_at:
                    self._update()
            return ""

    def _wait(self, mask: int) -> None:
        if self.free_running:
            self._update()
        self._changed.wait_for(lambda: self._events & mask or self._gone)

    def _asked(self, head: str) -> str:
        if head == "STAT:EESR":
            events, self._events = self._events, 0
            return str(events)
        if head == "NUM:NORM:VAL":
            return self._numbers()
        known = {
            "*IDN": self.identity,
            "STAT:COND": str(self.condition),
            "STAT:ERR": self._errors.pop(0) if head == "STAT:ERR" and self._errors else "0",
            "INTEG:STAT": self.integration,
            **self.settings,
        }
        if head not in known:
            self._errors.append('113,"Undefined header"')
            return ""
        return known[head] + (',"No error"' if head == "STAT:ERR" and known[head] == "0" else "")

    def _numbers(self) -> str:
        count = int(self.settings["NUM:NORM:NUM"])
        items = [self.settings[f"NUM:NORM:ITEM{n}"] for n in range(1, count + 1)]
        return ",".join(self.values.get(item.partition(",")[0], "NAN") for item in items)

    def _set(self, head: str, argument: str) -> None:
        if head not in self.settings:
            self._errors.append('113,"Undefined header"')
        elif self.integration == "START" and head.startswith("INP:"):
            self._errors.append('813,"Cannot be set while integrating"')
        elif head in RANGES and float(argument) not in RANGES[head]:
            self._errors.append('130,"Illegal parameter"')
        elif head == "RATE" or head in RANGES:
            self.settings[head] = f"{float(argument):.3E}"
            auto = head.replace("RANG", "AUTO")
            self.settings.update({auto: "0"} if head in RANGES else {})
        else:
            self.settings[head] = {"ON": "1", "OFF": "0"}.get(argument, argument)
