"""Frames of USB inline meters, made from their tables and not from our parsers."""

from __future__ import annotations

import struct
from functools import reduce
from operator import xor

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

UM34C_SUMMED = [1, 3, 7, 9, 15, 17, 19, 23, 31, 39, 41, 45, 49, 53, 55, 57, 59, 63, 67, 69, 73,
                79, 83, 89, 97, 99, 109, 111, 113, 119, 121, 127]  # fmt: skip
TC66C_KEY = bytes.fromhex(
    "58 21 fa 56 01 b2 f0 26 87 ff 12 04 62 2a 4f b0"
    "86 f4 02 60 81 6f 9a 0b a7 f1 06 61 9a b8 72 88"
)


def um_frame(model: int, volt: int, ampere: int, degree: int, milliwatt_hours: int) -> bytes:
    """130 bytes; the check of a UM34C, or the fixed end of the others."""
    frame = bytearray(130)
    struct.pack_into(">HHH", frame, 0, model, volt, ampere)
    struct.pack_into(">h", frame, 10, degree)
    struct.pack_into(">I", frame, 106, milliwatt_hours)
    frame[128:] = b"\xff\xf1"
    if model == 0x0D4C:
        frame[129] = reduce(xor, (frame[at] for at in UM34C_SUMMED))
    return bytes(frame)


def crc16_by_division(data: bytes) -> int:
    """CRC-16/MODBUS as a division of polynomials over the reflected message; check 0x4B37."""
    remainder = 0xFFFF
    for byte in data:
        for bit in range(8):
            odd = (remainder ^ byte >> bit) & 1
            remainder >>= 1
            if odd:
                remainder ^= 0xA001
    return remainder


def tc66c_frame(
    volt: int, ampere: int, energies: tuple[int, int], *, spoil: bool = False
) -> bytes:
    """volt in 100 uV, ampere in 10 uA, energies in mWh; 192 bytes, encrypted."""
    first, second, third = (bytearray(60) for _ in range(3))
    first[0:20] = b"pac1TC661.15" + struct.pack("<II", 4711, 9)
    struct.pack_into("<II", first, 48, volt, ampere)
    second[0:4], third[0:4] = b"pac2", b"pac3"
    struct.pack_into("<I", second, 12, energies[0])
    struct.pack_into("<I", second, 20, energies[1])
    plain = b""
    for block in (first, second, third):
        plain += bytes(block) + struct.pack("<I", crc16_by_division(bytes(block)) ^ int(spoil))
    cipher = Cipher(algorithms.AES(TC66C_KEY), modes.ECB())  # noqa: S305  # as the meter does
    encryptor = cipher.encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def crc8_by_bits(data: bytes) -> int:
    """CRC-8 with polynomial 0x39 and start 0x42, bit by bit over one long number."""
    register = 0x42
    for bit in "".join(f"{byte:08b}" for byte in data):
        carry = register >> 7 ^ int(bit)
        register = (register << 1) & 0xFF
        if carry:
            register ^= 0x39
    return register


def fnirsi_report(samples: list[tuple[int, int, int]], kind: int = 4) -> bytes:
    """Four (V in 10 uV, I in 10 uA, T in 0.1 degC); 64 bytes."""
    body = bytes((0xAA, kind))
    for volt, ampere, degree in samples:
        body += struct.pack("<IIHH", volt, ampere, 600, 600) + b"\x01" + struct.pack("<H", degree)
    body = body.ljust(63, b"\0")
    return body + bytes((crc8_by_bits(body[1:]),))


def avhzy_frame(payload: bytes) -> bytes:
    return (
        b"\xa5" + struct.pack("<I", len(payload)) + payload + bytes((reduce(xor, payload), 0x5A))
    )


def avhzy_sample(request: int, volt: float, ampere: float, own_us: int) -> bytes:
    """With eight bytes of D+ and D- between the current and the stamp, as newer firmware has."""
    head = bytes((4, 0, request, 0))
    return avhzy_frame(head + struct.pack("<ffffQ", volt, ampere, 0.6, 0.6, own_us))


def km003c_adc(number: int, volt: int, ampere: int, degree: int) -> bytes:
    """V in uV, I in uA, T in degC / 128; 52 bytes."""
    adc = struct.pack("<iiiiiih", volt, ampere, volt, ampere, volt, ampere, degree).ljust(
        44, b"\0"
    )
    return struct.pack("<BBH", 0x41, number, 10 << 6) + struct.pack("<HH", 1, 44 << 6) + adc


def km003c_queue(number: int, samples: list[tuple[int, int, int]]) -> bytes:
    """(tick, V in uV, I in uA); how many there are stands in the second head."""
    if not samples:
        return struct.pack("<BBH", 0x41, number, 0)
    body = b"".join(struct.pack("<HHiiHHHH", t, 0x3C, v, a, 1, 2, 3, 4) for t, v, a in samples)
    return (
        struct.pack("<BBH", 0x41, number, 0) + struct.pack("<HH", 2, len(samples) | 20 << 6) + body
    )
