"""Opening the meters that speak in frames, and those behind a library or the kernel.

Addresses beside `serial:` and `tcp:`: `hid:/dev/hidraw0`; `usb:5fc9:0063` (vendor, product, and a
serial number behind them where there are two); `w1:/sys` (this machine's 1-Wire bus);
`joulescope:u/js220/000123` and `monsoon:20123` (nothing behind the colon: the only one attached).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from collectors.meters.avhzy import Avhzy
from collectors.meters.ds18b20 import open_ds18b20
from collectors.meters.fnirsi import MODELS, Fnirsi
from collectors.meters.hookup import AnyMeter, Hookup
from collectors.meters.joulescope import Joulescope, own_driver
from collectors.meters.km003c import Km003cQueue, open_km003c
from collectors.meters.line_drained import drained
from collectors.meters.line_hidraw import HidrawLine
from collectors.meters.line_usb import UsbLine, own_usb
from collectors.meters.monsoon import Monsoon, own_library
from collectors.meters.polled import Polled
from collectors.meters.ppk2 import Ppk2, Wanted
from collectors.meters.protocol import FastMeter, Line, Meter, MeterError, Transcript
from collectors.meters.pzem import BAUD as PZEM_BAUD
from collectors.meters.pzem import GENERAL_UNIT, open_pzem
from collectors.meters.sdm120 import BAUD as SDM120_BAUD
from collectors.meters.sdm120 import UNIT as SDM120_UNIT
from collectors.meters.sdm120 import open_sdm120
from collectors.meters.sht_text import open_sht_text
from collectors.meters.tc66c import open_tc66c
from collectors.meters.transcript import KeptLine
from collectors.meters.um34c import BAUD as UM_BAUD
from collectors.meters.um34c import open_um
from collectors.meters.xymd02 import BAUD as XYMD02_BAUD
from collectors.meters.xymd02 import UNIT as XYMD02_UNIT
from collectors.meters.xymd02 import Air, open_xymd02
from collectors.protocol import Clock

_TIMEOUT_S: Final = 5.0
_USB_BAUD: Final = 115200  # USB serial ports take any
_MOST_UNIT: Final = 255
_MOST_DIGITS: Final = 10
_STEPS: Final = {"0.1": 0.1, "0.01": 0.01}


@dataclass(frozen=True, slots=True)
class SentOnly:
    """A transcript of what is said; the samples that stream back are kept as samples."""

    transcript: Transcript

    def sent(self, t_ns: int, data: bytes) -> None:
        self.transcript.sent(t_ns, data)

    def received(self, t_ns: int, data: bytes) -> None: ...


def pzem(hookup: Hookup) -> Polled:
    """Settings: unit (248 answers for the only one on the line), baud."""
    hookup.only("unit", "baud")
    unit, baud = _unit(hookup, GENERAL_UNIT), _baud(hookup, PZEM_BAUD)
    spoken = _spoken(hookup, baud)

    def make(line: Line) -> Polled:
        return open_pzem(line, hookup.clock, unit=unit, baud=spoken, name=hookup.name)

    return hookup.opened(make, timeout_s=_TIMEOUT_S, baud=baud)


def sdm120(hookup: Hookup) -> Polled:
    """Settings: unit, baud."""
    hookup.only("unit", "baud")
    unit, baud = _unit(hookup, SDM120_UNIT), _baud(hookup, SDM120_BAUD)
    spoken = _spoken(hookup, baud)

    def make(line: Line) -> Polled:
        return open_sdm120(line, hookup.clock, unit=unit, baud=spoken, name=hookup.name)

    return hookup.opened(make, timeout_s=_TIMEOUT_S, baud=baud)


def xymd02(hookup: Hookup) -> Polled:
    """Settings: step, what one count is: 0.1, or 0.01 with some clones; unit, baud."""
    hookup.only("step", "unit", "baud")
    unit, baud, step = _unit(hookup, XYMD02_UNIT), _baud(hookup, XYMD02_BAUD), hookup.text("step")
    if step not in _STEPS:
        raise MeterError(hookup.address, f"step is 0.1 or 0.01, not {step[:40]}")
    about = Air(unit, _spoken(hookup, baud), _STEPS[step], hookup.name)
    return hookup.opened(
        lambda line: open_xymd02(line, hookup.clock, about), timeout_s=_TIMEOUT_S, baud=baud
    )


def sht_text(hookup: Hookup) -> Polled:
    """Settings: baud."""
    return _plain(hookup, open_sht_text, _USB_BAUD)


def um(hookup: Hookup) -> Polled:
    """UM24C, UM25C, UM34C. Settings: baud."""
    return _plain(hookup, open_um, UM_BAUD)


def tc66c(hookup: Hookup) -> Polled:
    """Settings: baud."""
    return _plain(hookup, open_tc66c, _USB_BAUD)


def ppk2(hookup: Hookup) -> Ppk2:
    """Settings: mode, `source` or `ampere`; vdd_mv; power: feed the device until the end."""
    hookup.only("mode", "vdd_mv", "power")
    wanted = Wanted(hookup.text("mode"), int(hookup.number("vdd_mv")), hookup.flag("power"))
    line = drained(hookup.connect(timeout_s=_TIMEOUT_S, baud=_USB_BAUD), hookup.clock)
    return _streaming(hookup, line, lambda kept: Ppk2(kept, hookup.clock, wanted, hookup.name))


def fnirsi(hookup: Hookup) -> Fnirsi:
    """Settings: model, one of fnb58, fnb48s, fnb48, c1."""
    hookup.only("model")
    model = hookup.text("model")
    if model not in MODELS:
        raise MeterError(hookup.address, f"model is one of {', '.join(MODELS)}, not {model[:40]}")
    line = drained(HidrawLine.open(_behind(hookup, "hid")), hookup.clock)
    return _streaming(hookup, line, lambda kept: Fnirsi(kept, hookup.clock, model, hookup.name))


def km003c(hookup: Hookup) -> Polled | Km003cQueue:
    """Settings: queue_hz, one of 2, 10, 50, 1000, for firmware that queues; left out: polled."""
    hookup.only("queue_hz")
    line = UsbLine.open(hookup.address, own_usb())
    if "queue_hz" not in hookup.settings:
        kept = KeptLine(line, hookup.clock, hookup.transcript)
        return _made(kept, lambda line: open_km003c(line, hookup.clock, name=hookup.name))
    rate_hz = int(hookup.number("queue_hz"))
    return _streaming(
        hookup,
        line,
        lambda kept: Km003cQueue(kept, hookup.clock, rate_hz=rate_hz, name=hookup.name),
    )


def avhzy(hookup: Hookup) -> Avhzy:
    """Settings: interval_ms, a whole number from 1 on."""
    hookup.only("interval_ms")
    ms = int(hookup.number("interval_ms"))
    if ms < 1:
        raise MeterError(hookup.address, "interval_ms is a whole number from 1 on")
    line = UsbLine.open(hookup.address, own_usb())
    return _streaming(
        hookup, line, lambda kept: Avhzy(kept, hookup.clock, interval_ms=ms, name=hookup.name)
    )


def ds18b20(hookup: Hookup) -> Polled:
    """All sensors on the bus; no settings."""
    hookup.only()
    return open_ds18b20(Path(_behind(hookup, "w1")), hookup.clock, name=hookup.name)


def joulescope(hookup: Hookup) -> Meter:
    """Settings: rate_hz, updates a second (a JS110 has 2, whatever is asked)."""
    hookup.only("rate_hz")
    path, rate_hz = _behind(hookup, "joulescope"), hookup.number("rate_hz")
    return Joulescope(own_driver(), hookup.clock, path=path, rate_hz=rate_hz, name=hookup.name)


def monsoon(hookup: Hookup) -> FastMeter:
    """Settings: volts to feed; left out: as it was set."""
    hookup.only("volts")
    text = _behind(hookup, "monsoon")
    if text and not (text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise MeterError(hookup.address, "behind monsoon: stands a serial number, or nothing")
    volts = hookup.number("volts") if "volts" in hookup.settings else None
    serial = int(text) if text else None
    return Monsoon(own_library(), hookup.clock, serial=serial, volts=volts, name=hookup.name)


class _Plain(Protocol):
    def __call__(self, line: Line, clock: Clock, *, name: str) -> Polled: ...


def _plain(hookup: Hookup, make: _Plain, baud: int) -> Polled:
    """A meter that wants nothing but a line."""
    hookup.only("baud")
    return hookup.opened(
        lambda line: make(line, hookup.clock, name=hookup.name),
        timeout_s=_TIMEOUT_S,
        baud=_baud(hookup, baud),
    )


def _streaming(hookup: Hookup, line: Line, make: Callable[[Line], AnyMeter]) -> AnyMeter:
    """A fast meter over this line."""
    return _made(KeptLine(line, hookup.clock, SentOnly(hookup.transcript)), make)


def _made(line: Line, make: Callable[[Line], AnyMeter]) -> AnyMeter:
    """What `make` makes; where it fails, the line is closed."""
    try:
        return make(line)
    except MeterError:
        line.close()
        raise


def _behind(hookup: Hookup, kind: str) -> str:
    """What stands behind the kind of an address."""
    found, colon, rest = hookup.address.partition(":")
    if found != kind or not colon or not hookup.address.isprintable():
        raise MeterError(hookup.address[:40], f"an address of this instrument is {kind}:…")
    return rest


def _baud(hookup: Hookup, default: int) -> int:
    return int(hookup.number("baud")) if "baud" in hookup.settings else default


def _spoken(hookup: Hookup, baud: int) -> int:
    """The baud that the silence between frames follows from; 0 where a gateway sees to it."""
    return baud if hookup.address.startswith("serial:") else 0


def _unit(hookup: Hookup, default: int) -> int:
    """A unit number. Source: Modbus over serial line V1.02, 2.2: one byte."""
    unit = hookup.number("unit") if "unit" in hookup.settings else default
    if unit != int(unit) or unit > _MOST_UNIT:
        raise MeterError(hookup.address, f"a unit is a whole number up to {_MOST_UNIT}")
    return int(unit)
