"""Addresses of instruments: a line, and how to measure, in one text.

`tcp:HOST:PORT`, `serial:PATH`, `visa:RESOURCE`, then options, for example
`tcp:10.0.0.5:5555?profile=rigol-dp800`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collectors.meters.line_serial import SerialLine
from collectors.meters.line_tcp import TcpLine
from collectors.meters.line_visa import VisaLine
from collectors.meters.protocol import Line, MeterError

_MOST: Final = 400
_MOST_PORT: Final = 65535
# IM WT310E-17EN (RS-232) and most SCPI instruments: 9600 baud, 8N1, when nobody changed it.
_BAUD: Final = "9600"


@dataclass(frozen=True, slots=True)
class Address:
    """line: `tcp:…`, `serial:…` or `visa:…`. options: what stands behind `?`."""

    line: str
    options: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> Address:
        """Take an address apart. Raises MeterError."""
        if len(text) > _MOST or not text.isprintable():
            raise MeterError(text[:40], "is no address")
        line, _, rest = text.partition("?")
        pairs = [pair.partition("=") for pair in rest.split("&") if pair]
        options = {name: value for name, _, value in pairs}
        if len(options) != len(pairs) or not all(name and sign for name, sign, _ in pairs):
            raise MeterError(line, f"options are NAME=VALUE, each once: {rest}")
        return cls(line, options)

    def only(self, *known: str) -> None:
        """Raises MeterError for an option that none of these is."""
        if strange := sorted(set(self.options) - {*known, "baud"}):
            raise MeterError(self.line, f"no option {strange[0]}; there are {', '.join(known)}")

    def option(self, name: str) -> str:
        """An option that must be there. Raises MeterError."""
        if name not in self.options:
            raise MeterError(self.line, f"needs the option {name}")
        return self.options[name]

    def number(self, name: str) -> float:
        """A number above 0 and below 1e6. Raises MeterError."""
        try:
            value = float(self.option(name))
        except ValueError:
            value = 0.0
        if not 0 < value < 1e6:  # noqa: PLR2004 # no range, interval or count here comes near
            raise MeterError(self.line, f"{name} is no number above 0: {self.options[name][:40]}")
        return value

    def connect(self, *, timeout_s: float) -> Line:
        """Open the line. Raises MeterError."""
        kind, _, rest = self.line.partition(":")
        if kind == "tcp":
            return self._tcp(rest, timeout_s)
        if kind == "serial":
            return SerialLine.open(rest, baud=self._baud())
        if kind == "visa":
            return VisaLine.open(rest, timeout_s=timeout_s)
        raise MeterError(self.line, "a line is tcp:HOST:PORT, serial:PATH or visa:RESOURCE")

    def _tcp(self, rest: str, timeout_s: float) -> Line:
        host, _, port = rest.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port[:6]) <= _MOST_PORT:
            raise MeterError(self.line, "a TCP line is tcp:HOST:PORT")
        return TcpLine.open(host.strip("[]"), int(port), timeout_s=timeout_s)

    def _baud(self) -> int:
        text = self.options.get("baud", _BAUD)
        if not text.isdecimal() or len(text) > 7:  # noqa: PLR2004 # 4,000,000 is the fastest UART
            raise MeterError(self.line, f"no baud rate: {text[:40]}")
        return int(text)
