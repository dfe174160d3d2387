"""What goes over a serial console: numbered requests, coded answers, each with its checksum.

A console carries text, and anything may come between: echo, prompts, kernel messages, noise. So
nothing is taken from it but a frame whose checksum is right. `serial_server.sh` is the other
side; there cksum(1) makes it, or md5sum where that is all there is (Debian's BusyBox).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

# A canonical tty holds 4096 bytes of a line (Linux, n_tty.c, N_TTY_BUF_SIZE), with its end.
MAX_REQUEST_BYTES = 4000
# A printk with a time stamp, to the end of its line: it may start after any byte of ours.
PRINTK = re.compile(rb"\[ *\d{1,9}\.\d{6}\] ?[^\n]*(?:\n|$)")
# ECMA-48 control sequences, OSC strings, and lone controls but tab, CR, LF.
CONTROLS = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]?"
    rb"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]"
)
NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]")
# od -v -b: an address of at least seven octal digits, then up to 16 bytes.
OCTAL_LINE = re.compile(rb"^[0-7]{7,}((?: +[0-7]{3}){1,16})\s*$", re.MULTILINE)


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        crc = byte << 24
        for _ in range(8):
            crc = (crc << 1) ^ (0x04C11DB7 if crc & 0x80000000 else 0)
        made.append(crc & 0xFFFFFFFF)
    return tuple(made)


_CRC = _table()


def cksum(data: bytes) -> int:
    """The CRC that cksum prints first: POSIX.1-2017, with the length behind the data."""
    length = len(data).to_bytes((len(data).bit_length() + 7) // 8, "little")
    crc = 0
    for byte in data + length:
        crc = ((crc << 8) & 0xFFFFFFFF) ^ _CRC[(crc >> 24) ^ byte]
    return crc ^ 0xFFFFFFFF


SUMS: dict[str, Callable[[bytes], str]] = {
    "cksum": lambda data: str(cksum(data)),
    "md5sum": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Code:
    """How bytes are written as text. name: base64, or octal where a unit has no base64."""

    name: str
    text_per_byte: float

    def encode(self, data: bytes) -> str:
        """One word without white space; with octal, a format of printf(1)."""
        if self.name == "base64":
            return base64.b64encode(data).decode()
        return "".join(f"\\{byte:03o}" for byte in data)

    def decode(self, text: bytes) -> bytes:
        """Whatever can be read of it; the CRC says whether it is right."""
        if self.name == "base64":
            try:
                return base64.b64decode(NOT_BASE64.sub(b"", text))
            except binascii.Error:
                return b""
        lines = OCTAL_LINE.findall(text.replace(b"\r", b""))
        return bytes(int(byte, 8) & 0xFF for line in lines for byte in line.split())


BASE64 = Code("base64", 4 / 3)
OCTAL = Code("octal", 4.0)


@dataclass(frozen=True, slots=True)
class Speech:
    """How the two sides of one console talk. tag: what begins the number of every request."""

    tag: str
    code: Code
    sum_name: str

    def sum(self, data: bytes) -> str:
        """As the program `sum_name` prints it."""
        return SUMS[self.sum_name](data)

    def request(self, number: str, words: tuple[str, ...]) -> bytes:
        """The line that asks. Raises ValueError when no tty would hold it."""
        rest = " ".join(words)
        line = f"{number} {self.sum(f'{number} {rest}'.encode())} {rest}\n".encode("ascii")
        if len(line) > MAX_REQUEST_BYTES:
            raise ValueError(f"a request of {len(line)} bytes")
        return line

    def answer(self, seen: bytes, number: str) -> bytes | None:
        """The bytes that the answer to a request carries; None when none came, or none right.

        A kernel message inside the answer is taken out of it: the checksum says whether rightly.
        """
        text = seen.replace(b"\r", b"")
        for tried in (text, PRINTK.sub(b"", text)):
            begin = rf"=B {re.escape(number)} ([0-9a-f]{{1,64}})\s*\n".encode()
            for head in re.finditer(begin, tried):
                body = tried[head.end() :].partition(f"=E {number}".encode())[0]
                data = self.code.decode(body)
                if self.sum(data) == head[1].decode():
                    return data
        return None


def plain(seen: bytes) -> bytes:
    """What a person would read on the console: no colours, no kernel messages, no CR."""
    return PRINTK.sub(b"", CONTROLS.sub(b"", seen).replace(b"\r", b""))


def shown(seen: bytes, secret: str = "") -> str:
    """The last line of it for an error message: at most 80 signs, nothing that acts."""
    lines = [line.strip() for line in plain(seen).decode("ascii", "replace").split("\n")]
    last = next((line for line in reversed(lines) if line), "")
    if secret:
        last = last.replace(secret, "***")
    return last[-80:]
