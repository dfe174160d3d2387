"""What a check found wrong: rule, file and a sentence in both languages."""

from __future__ import annotations

from dataclasses import dataclass

from host.handover.text import Txt


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. aspect: `intact`, `redone` or `conforming`."""

    rule: str
    aspect: str
    file: str
    text: Txt


@dataclass(frozen=True, slots=True)
class StreamFault:
    """Something in a stream that should not be: file, line (0: the whole file) and fault code.

    `torn`, `crc`, `sequence`, `columns`, `text`, `header`, `missing`, `count`, `changed`, `clock`.
    """

    file: str
    line: int
    fault: str
