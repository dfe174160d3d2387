"""What could not be known, and why; and the small reads of text that give either."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Code = Literal[
    "not-there",  # no such file, program, service or key on this device
    "not-readable",  # it is there and cannot be read
    "not-stated",  # the answer does not say it
    "not-understood",  # it says something of no known form
    "out-of-range",  # a number of a size that cannot be
    "no-answer",  # the command failed, ran into its deadline, or its answer was cut off
    "faked",  # the device was told to say so (UPDATES STOPPED, an override)
    "not-ready",  # the service says that it has no source
    "not-asked",  # nobody asked
]

# Longest text of a device that is taken into a state or a reason; the rest is cut off.
MAX_DETAIL = 160
# Longest text of one answer that a parser looks at. `dumpsys power` is the longest, some 50 kB.
MAX_TEXT = 1 << 20

# What our own scripts write in place of a value for a file that is there and cannot be read. No
# value can look like it: a sysfs attribute holds no control character 1.
DENIED = "\x01denied"


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that is not known. `detail` is shown to people; it holds no control characters."""

    code: Code
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


def shown(text: str, limit: int = MAX_DETAIL) -> str:
    """Text of a device on one line, cut, all control and format characters written as escapes."""
    cut = text[: limit + 1]
    clean = "".join(
        c if c == " " or unicodedata.category(c)[0] not in "CZ" else f"\\u{ord(c):04x}"
        for c in cut[:limit]
    )
    return clean + ("…" if len(cut) > limit else "")


def text_of(raw: bytes) -> str:
    """An answer as text: what is no UTF-8 is replaced, what is too long is cut."""
    return raw[:MAX_TEXT].decode("utf-8", "replace").replace("\r\n", "\n")


def whole(text: str, low: int, high: int) -> int | Missing:
    """A whole number from low to high, both included."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        return Missing("not-understood", shown(text))
    value = int(text)
    return value if low <= value <= high else Missing("out-of-range", shown(text))


def real(text: str, low: float, high: float) -> float | Missing:
    """A finite number from low to high. NaN and infinity are of no known form."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?", text):
        return Missing("not-understood", shown(text))
    value = float(text)
    if math.isfinite(value) and low <= value <= high:
        return value
    return Missing("out-of-range", shown(text))


def truth(text: str) -> bool | Missing:
    """`true` or `false`, as Android's dumps write it; some builds write 1 and 0."""
    known = {"true": True, "1": True, "false": False, "0": False}
    return known[text] if text in known else Missing("not-understood", shown(text))


def per(value: int | Missing, divisor: int) -> float | Missing:
    """A whole number of small units as a number of large ones."""
    return value if isinstance(value, Missing) else value / divisor


@dataclass(frozen=True, slots=True)
class Keys:
    """Texts by key, as an answer or a folder of files states them.

    A text that begins with DENIED stands for a file that is there and may not be read.
    """

    found: Mapping[str, str]

    def text(self, key: str) -> str | Missing:
        if key not in self.found:
            return Missing("not-stated", key)
        if self.found[key] == DENIED:
            return Missing("not-readable", key)
        return self.found[key]

    def whole(self, key: str, low: int, high: int) -> int | Missing:
        text = self.text(key)
        return text if isinstance(text, Missing) else whole(text, low, high)

    def truth(self, key: str) -> bool | Missing:
        text = self.text(key)
        return text if isinstance(text, Missing) else truth(text)

    def shown(self, key: str) -> str | Missing:
        """The text, made fit to be shown and stored."""
        text = self.text(key)
        return text if isinstance(text, Missing) else shown(text)
