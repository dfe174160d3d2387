"""RDTech TC66C: a USB-C meter on a serial line; frames of 192 bytes behind a fixed AES key.

`getva` asks; the answer is AES-256 in ECB mode over three blocks of 64 bytes, pac1 to pac3, each
with a CRC-16 of its first 60 bytes. Source: what libsigrok's rdtech-tc driver knows
(sigrokproject/libsigrok, src/hardware/rdtech-tc/protocol.c; facts only, it is GPL). The key is the
same in every instrument and keeps no secret.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from collectors.device.part import Missing, Value
from collectors.meters.frames import collect, hush
from collectors.meters.modbus import crc16
from collectors.meters.polled import Asked, Polled
from collectors.meters.protocol import Identity, Line, MeterError
from collectors.meters.usb_fields import amperes, milliwatt_hours, volts, watts
from collectors.protocol import Clock

PERIOD_S = 0.1  # new values come every 80 to 100 ms, and settle over 500 ms
POLL = b"getva"
FRAME_BYTES, BLOCK_BYTES, SUMMED_BYTES = 192, 64, 60
KEY = bytes.fromhex("5821fa5601b2f02687ff1204622a4fb086f40260816f9a0ba7f106619ab87288")
VOLT_STEP, AMPERE_STEP = 1e-4, 1e-5
_SILENCE_S = 0.02
_OPEN_TIMEOUT_S = 1.0
_SETTLES = "smoothed: settles over 500 ms; no certificate, check two points first"


def open_tc66c(line: Line, clock: Clock, *, name: str = "tc66c") -> Polled:
    """Raises MeterError where none answers. Untried on hardware."""
    plain = _plain(line, _OPEN_TIMEOUT_S)
    if isinstance(plain, Missing):
        raise MeterError(line.name, f"no TC66C: {plain.reason}")
    source = f"{line.name} command getva"
    fields = (
        volts(f"{name}.voltage", source, VOLT_STEP, _SETTLES),
        amperes(f"{name}.current", source, AMPERE_STEP, _SETTLES),
        watts(f"{name}.power", source, _SETTLES),
        milliwatt_hours(f"{name}.group0.energy", source),
        milliwatt_hours(f"{name}.group1.energy", source),
    )

    def ask(timeout_s: float) -> Sequence[Value]:
        found = _plain(line, timeout_s)
        return (found,) * len(fields) if isinstance(found, Missing) else _values(found)

    return Polled(Asked(_identity(plain), fields, ask, PERIOD_S), clock, line.close)


def _plain(line: Line, timeout_s: float) -> bytes | Missing:
    """Ask once; the three blocks in the clear, names and sums checked, or why not."""
    if not hush(line, silence_s=_SILENCE_S):
        return Missing("babbling: the line does not fall silent")
    line.send(POLL)
    frame = collect(line, FRAME_BYTES, timeout_s=timeout_s)
    if len(frame) < FRAME_BYTES:
        return Missing(f"not-answered: {len(frame)} of {FRAME_BYTES} bytes")
    # The instrument's own choice; nothing is kept secret by it, and nothing is meant to be.
    decryptor = Cipher(AES256(KEY), ECB()).decryptor()  # noqa: S305
    plain = decryptor.update(frame) + decryptor.finalize()
    for number in range(FRAME_BYTES // BLOCK_BYTES):
        block = plain[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        if not block.startswith(b"pac%d" % (number + 1)):
            return Missing(f"wrong-answer: block {number + 1} is none")
        if crc16(block[:SUMMED_BYTES]) != struct.unpack_from("<I", block, SUMMED_BYTES)[0]:
            return Missing(f"bad-checksum: block {number + 1}")
    return plain


def _identity(plain: bytes) -> Identity:
    model, firmware = (_word(plain[at : at + 4]) for at in (4, 8))
    (serial,) = struct.unpack_from("<I", plain, 12)
    return Identity("RDTech", model, str(serial), firmware, plain[4:16].hex(" "))


def _word(data: bytes) -> str:
    return "".join(c for c in data.decode("ascii", "replace") if c.isascii() and c.isprintable())


def _values(plain: bytes) -> tuple[Value, ...]:
    """V and I stand in pac1 at 48 and 52, the two energies in pac2 at 12 and 20."""
    volt, ampere = struct.unpack_from("<II", plain, 48)
    energies = (struct.unpack_from("<I", plain, BLOCK_BYTES + at)[0] for at in (12, 20))
    return (volt, ampere, volt * VOLT_STEP * ampere * AMPERE_STEP, *energies)
