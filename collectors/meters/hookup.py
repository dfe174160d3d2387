"""How an instrument is connected and told how to measure: its address and its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from collectors.meters.line_serial import SerialLine
from collectors.meters.line_tcp import TcpLine
from collectors.meters.line_visa import VisaLine
from collectors.meters.protocol import (
    FastMeter,
    Line,
    Meter,
    MeterError,
    SettingError,
    Transcript,
)
from collectors.meters.transcript import KeptLine
from collectors.protocol import Clock

Given = str | int | float | bool
AnyMeter = TypeVar("AnyMeter", bound=Meter | FastMeter)

_MOST: Final = 400
_MOST_NUMBER: Final = 1e6  # no range, interval, count or baud rate here comes near, 4 Mbaud aside
_MOST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Hookup:
    """One instrument of an equipment file, as its opener wants it.

    name: what its channels begin with, `meter.<id>`. address: `tcp:HOST:PORT`, `serial:PATH` or
    `visa:RESOURCE`. settings: the driver's own words; known: all that there are, once `only` said
    so. All methods raise MeterError with the address and what is wrong, SettingError where it is a
    setting.
    """

    name: str
    address: str
    settings: Mapping[str, Given]
    clock: Clock
    transcript: Transcript
    known: list[str] = field(default_factory=list)

    def only(self, *known: str) -> None:
        """Refuse a setting that none of these is."""
        self.known.extend(known)
        if strange := sorted(set(self.settings) - set(known)):
            there = ", ".join(known) or "none"
            raise SettingError(self.address, f"no setting {strange[0][:40]}; there are {there}")

    def text(self, name: str) -> str:
        """A setting in words, that must be there. Numbers are taken as they are written."""
        if name not in self.settings:
            there = f"; there are {', '.join(self.known)}" if self.known else ""
            raise SettingError(self.address, f"needs the setting {name}{there}")
        return str(self.settings[name])[:_MOST]

    def number(self, name: str) -> float:
        """A number above 0."""
        try:
            value = float(self.text(name))
        except ValueError:
            value = 0.0
        if not 0 < value < _MOST_NUMBER:
            raise SettingError(
                self.address, f"{name} is no number above 0: {self.text(name)[:40]}"
            )
        return value

    def flag(self, name: str) -> bool:
        """True or false; yes and no from a command line."""
        word = self.text(name).lower()
        if word not in {"true", "false", "yes", "no"}:
            raise SettingError(self.address, f"{name} is true or false, not {word[:40]}")
        return word in {"true", "yes"}

    def opened(
        self, make: Callable[[Line], AnyMeter], *, timeout_s: float, baud: int = 0
    ) -> AnyMeter:
        """A meter over this line, everything said kept; where `make` fails, the line is closed.

        baud: of a serial line, for instruments that have one; 0 for those that have none.
        """
        line = KeptLine(self.connect(timeout_s=timeout_s, baud=baud), self.clock, self.transcript)
        try:
            return make(line)
        except MeterError:
            line.close()
            raise

    def connect(self, *, timeout_s: float, baud: int = 0) -> Line:
        """The bare line."""
        kind, _, rest = self.address.partition(":")
        if len(self.address) > _MOST or not self.address.isprintable():
            raise MeterError(self.address[:40], "is no address")
        if kind == "tcp":
            return self._tcp(rest, timeout_s)
        if kind == "serial" and baud:
            return SerialLine.open(rest, baud=baud)
        if kind == "visa":
            return VisaLine.open(rest, timeout_s=timeout_s)
        serial = ", serial:PATH" if baud else ""
        raise MeterError(self.address, f"a line is tcp:HOST:PORT{serial} or visa:RESOURCE")

    def _tcp(self, rest: str, timeout_s: float) -> Line:
        host, _, port = rest.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port[:6]) <= _MOST_PORT:
            raise MeterError(self.address, "a TCP line is tcp:HOST:PORT")
        return TcpLine.open(host.strip("[]"), int(port), timeout_s=timeout_s)
