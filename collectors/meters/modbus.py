"""A Modbus RTU master for meters: reads registers, nothing else.

Source: Modbus over serial line, specification and implementation guide V1.02 (frames and silence
2.5.1, CRC 6.2.2); Modbus application protocol V1.1b3 (functions 3 and 4: 6.3, 6.4; exceptions: 7).

Own, since minimalmodbus wants to own a pyserial port: it sets baud and timeouts on it, and a
gateway's socket, a transcript or a replayed conversation would need a mock of a port.
"""

from __future__ import annotations

import struct
import time
from dataclasses import dataclass

from collectors.device.part import Missing
from collectors.meters.frames import collect, hush
from collectors.meters.protocol import Line

HOLDING, INPUT = 3, 4
MOST_REGISTERS = 125  # application protocol 6.3
_FAST_BAUD, _FAST_SILENCE_S = 19200, 1.75e-3  # serial line guide 2.5.1.1
_EXCEPTION = 0x80
_SHORTEST = 5  # unit, function, code or count, CRC
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}


def crc16(data: bytes) -> int:
    """CRC-16 with the reversed polynomial 0xA001 and start value 0xFFFF (6.2.2)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def silence_s(baud: int) -> float:
    """The silence between frames in s (2.5.1.1): 3.5 characters of 11 bits, fixed when fast."""
    return _FAST_SILENCE_S if baud > _FAST_BAUD else 3.5 * 11 / baud


@dataclass(frozen=True, slots=True)
class Registers:
    """A run of registers of one unit. function: HOLDING or INPUT. any_unit: take every answer."""

    unit: int
    function: int
    first: int
    count: int
    any_unit: bool = False

    def question(self) -> bytes:
        body = struct.pack(">BBHH", self.unit, self.function, self.first, self.count)
        return body + struct.pack("<H", crc16(body))


class ModbusLine:
    """One line with Modbus units on it. baud: of the line; 0 on a socket, without silence."""

    def __init__(self, line: Line, baud: int) -> None:
        self._line = line
        self._silence_s = silence_s(baud) if baud else 0.0

    def read(self, asked: Registers, *, timeout_s: float) -> tuple[int, ...] | Missing:
        """The registers as unsigned 16-bit numbers, or why there are none.

        The silence before the question is waited for by listening: late answers to earlier
        questions go with it. Raises MeterError when the line is gone.
        """
        if not hush(self._line, silence_s=self._silence_s):
            return Missing("babbling: the line does not fall silent")
        self._line.send(asked.question())
        deadline = time.monotonic() + timeout_s
        head = collect(self._line, _SHORTEST, timeout_s=timeout_s)
        if len(head) < _SHORTEST:
            return Missing(f"not-answered: {len(head)} bytes in {timeout_s:.3g} s")
        rest = 0 if head[1] & _EXCEPTION else 2 * asked.count
        left_s = max(0.0, deadline - time.monotonic())
        frame = head + collect(self._line, rest, timeout_s=left_s)
        return _registers(asked, frame)

    def close(self) -> None:
        self._line.close()


def _registers(asked: Registers, frame: bytes) -> tuple[int, ...] | Missing:
    """What a frame says, once unit, function, length and CRC are as they must be."""
    body, (crc,) = frame[:-2], struct.unpack("<H", frame[-2:])
    if crc16(body) != crc:
        return Missing(f"bad-checksum: {frame[:8].hex(' ')}")
    if body[0] != asked.unit and not asked.any_unit:
        return Missing(f"wrong-unit: {body[0]} answered for {asked.unit}")
    if body[1] == asked.function | _EXCEPTION:
        return Missing(f"refused: exception {body[2]}, {_EXCEPTIONS.get(body[2], 'unknown')}")
    if body[1] != asked.function or body[2] != 2 * asked.count or len(body) != 3 + body[2]:
        return Missing(f"wrong-answer: {frame[:8].hex(' ')}")
    return struct.unpack(f">{asked.count}H", body[3:])


def unsigned32_low_first(registers: tuple[int, ...], at: int) -> int:
    """Two registers as one number, low word first (PZEM-004T)."""
    return registers[at] | registers[at + 1] << 16


def float32(registers: tuple[int, ...], at: int) -> float:
    """Two registers as an IEEE 754 number, high word first (Eastron); may be NaN or infinite."""
    (value,) = struct.unpack(">f", struct.pack(">HH", registers[at], registers[at + 1]))
    return float(value)
