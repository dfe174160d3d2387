"""A made-up SPEC PTDaemon with an analyzer whose seconds pass when the test says so.

Written from what mlcommons/power-dev sends to the real one and takes from it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

START = datetime(2025, 3, 21, 14, 5, 1, 250_000, tzinfo=UTC)
AUTO = {True: "1", False: "0"}


class Ptd:
    """`second` lets one second pass: one more line in the log, when a measurement runs.

    knows: how this version wants to be asked for recent samples.
    """

    def __init__(self, knows: str = "RL,*,*") -> None:
        self.knows = knows
        self.now = START
        self.log: list[str] = []
        self.mark: str | None = None
        self.ranges: dict[str, float | None] = {"A": None, "V": 300.0}
        self.uncertainty = "0.420000"
        self.steps_up_to: dict[str, float] = {}
        self.hello = "Hello, PTDaemon here!"

    def hang_up(self) -> None: ...

    def second(self, fields: str, *, seconds: float = 1.0) -> None:
        """fields: what stands between the time and the mark, `Watts,1.000000,...`."""
        self.now += timedelta(seconds=seconds)
        stamp = self.now.strftime("%m-%d-%Y %H:%M:%S.") + f"{self.now.microsecond // 1000:03}"
        if self.mark is not None:
            self.log.append(f"Time,{stamp},{fields},Mark,{self.mark}")

    def hear(self, message: str) -> bytes:
        return b"".join(line.encode() + b"\r\n" for line in self._reply(message))

    def _reply(self, message: str) -> list[str]:
        name, *rest = message.split(",")
        if message in {"RL,*,*", "RL", "DC-RL"}:
            return self._recent(message)
        plain = {
            "Hello": self.hello,
            "Identify": "YokogawaWT310,0,0,version=1.11.1-0b8c5f3e-20240910,type=49",
            "Uncertainty": self.uncertainty,
            "Watts": self.log[-1].split(",")[3] if self.log else "-1.000000",
            "RR": f"Ranges,{self._range('A')},{self._range('V')}",
        }
        if message in plain:
            return [plain[message]]
        return [{"SR": self._set, "Go": self._go, "Stop": self._stop}.get(name, _unknown)(rest)]

    def _recent(self, message: str) -> list[str]:
        if message != self.knows:
            return ["Invalid number of parameters" if message == "RL,*,*" else "Unknown command"]
        return [f"Last {len(self.log)} samples", *self.log]

    def _range(self, which: str) -> str:
        value = self.ranges[which]
        return f"{AUTO[value is None]},{-1.0 if value is None else value:.4f}"

    def _set(self, rest: list[str]) -> str:
        which, wanted = rest
        self.ranges[which] = (
            None if wanted == "Auto" else self.steps_up_to.get(which, float(wanted))
        )
        return f"Range {which} changed"

    def _go(self, rest: list[str]) -> str:
        period, ramp, self.mark = rest
        return (
            f"Starting untimed measurement, maximum 500000 samples at {period}ms "
            f"with {ramp} rampup samples"
        )

    def _stop(self, rest: list[str]) -> str:
        if self.mark is None or rest:
            return "Error: no measurement to stop"
        self.mark = None
        return "Stopping untimed measurement"


def _unknown(rest: list[str]) -> str:
    return f"Unknown command {len(rest)}"


def fields(watts: float, volts: float = 230.0, amps: float = 0.5) -> str:
    """The middle of a log line of a one-channel analyzer."""
    factor = watts / (volts * amps)
    return f"Watts,{watts:.6f},Volts,{volts:.6f},Amps,{amps:.6f},PF,{factor:.6f}"


def is_log_line(line: str) -> bool:
    """As mlcommons/power-dev's own reader wants a line of a one-channel analyzer."""
    number = r"-?\d+\.\d{6}"
    return bool(
        re.fullmatch(
            r"Time,\d\d-\d\d-\d{4} \d\d:\d\d:\d\d\.\d{3},"
            rf"Watts,{number},Volts,{number},Amps,{number},PF,{number},Mark,[\w.-]+",
            line,
        )
    )
