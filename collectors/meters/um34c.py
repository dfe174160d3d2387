"""RDTech UM24C, UM25C, UM34C: USB meters on a Bluetooth serial line, 115200 baud 8N1.

One byte, 0xF0, asks; 130 bytes answer, big endian. Source: what libsigrok's rdtech-um driver
knows (sigrokproject/libsigrok, src/hardware/rdtech-um/protocol.c; facts only, it is GPL).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.device.part import Missing, Value
from collectors.meters.frames import collect, hush
from collectors.meters.polled import Asked, Field, Polled
from collectors.meters.protocol import Identity, Line, MeterError
from collectors.meters.usb_fields import amperes, celsius, milliwatt_hours, volts, watts
from collectors.protocol import Clock

BAUD = 115200
PERIOD_S = 0.1  # asked faster, it repeats itself
POLL = b"\xf0"
FRAME_BYTES = 130
_SILENCE_S = 0.02  # longer than a Bluetooth serial line holds back the rest of a frame
_OPEN_TIMEOUT_S = 1.0
_END = b"\xff\xf1"
# The bytes whose exclusive or is the last one of a UM34C's frame.
_SUMMED = (1, 3, 7, 9, 15, 17, 19, 23, 31, 39, 41, 45, 49, 53, 55, 57)
_SUMMED_TOO = (59, 63, 67, 69, 73, 79, 83, 89, 97, 99, 109, 111, 113, 119, 121, 127)


@dataclass(frozen=True, slots=True)
class Model:
    """One of the family. volt_step, ampere_step: what one count is, in V and A."""

    name: str
    volt_step: float
    ampere_step: float
    summed: bool


MODELS = {
    0x0963: Model("UM24C", 0.01, 0.001, summed=False),
    0x09C9: Model("UM25C", 0.001, 0.0001, summed=False),
    0x0D4C: Model("UM34C", 0.01, 0.001, summed=True),
}


def open_um(line: Line, clock: Clock, *, name: str = "um") -> Polled:
    """Whichever of the three answers. Raises MeterError where none does. Untried on hardware."""
    frame = _frame(line, _OPEN_TIMEOUT_S)
    if isinstance(frame, Missing):
        raise MeterError(line.name, f"no UM meter: {frame.reason}")
    code, model = _model(frame)
    source = f"{line.name} command F0"
    fields = (
        volts(f"{name}.voltage", source, model.volt_step),
        amperes(f"{name}.current", source, model.ampere_step),
        watts(f"{name}.power", source),
        celsius(f"{name}.inside.temperature", source, 1.0),
        milliwatt_hours(f"{name}.energy", source),
    )

    def ask(timeout_s: float) -> Sequence[Value]:
        found = _frame(line, timeout_s)
        if not isinstance(found, Missing) and _model(found)[0] != code:
            found = Missing("wrong-answer: another model answered")
        return (found,) * len(fields) if isinstance(found, Missing) else _values(found, fields)

    identity = Identity("RDTech", model.name, "", "")
    return Polled(Asked(identity, fields, ask, PERIOD_S), clock, line.close)


def _frame(line: Line, timeout_s: float) -> bytes | Missing:
    """Ask once; a whole frame of a known model whose check holds, or why not."""
    if not hush(line, silence_s=_SILENCE_S):
        return Missing("babbling: the line does not fall silent")
    line.send(POLL)
    frame = collect(line, FRAME_BYTES, timeout_s=timeout_s)
    if len(frame) < FRAME_BYTES:
        return Missing(f"not-answered: {len(frame)} of {FRAME_BYTES} bytes")
    (code,) = struct.unpack_from(">H", frame)
    if code not in MODELS:
        return Missing(f"wrong-answer: model 0x{code:04X}")
    return frame if _holds(frame, MODELS[code]) else Missing(f"bad-checksum: {frame[-2:].hex()}")


def _model(frame: bytes) -> tuple[int, Model]:
    (code,) = struct.unpack_from(">H", frame)
    return code, MODELS[code]


def _holds(frame: bytes, model: Model) -> bool:
    if not model.summed:
        return frame.endswith(_END)
    total = 0
    for at in _SUMMED + _SUMMED_TOO:
        total ^= frame[at]
    return total == frame[-1]


def _values(frame: bytes, fields: tuple[Field, ...]) -> tuple[Value, ...]:
    """By the layout of the frame: V at 2, I at 4, degC at 10, mWh at 106."""
    volt, ampere = struct.unpack_from(">HH", frame, 2)
    (degree,) = struct.unpack_from(">h", frame, 10)
    (energy,) = struct.unpack_from(">I", frame, 106)
    power = volt * fields[0].channel.scale * ampere * fields[1].channel.scale
    return (volt, ampere, power, degree, energy)
