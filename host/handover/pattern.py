"""Regular expressions that somebody else wrote, for text that somebody else wrote.

Python's own engine can take longer than anybody waits: `(a+)+$` on forty letters. A run folder
brings expressions and text along, and `verify` reads both. RE2 takes time that grows as the text
does, whatever the expression (R. Cox, "Regular Expression Matching in the Wild", 2010). It has no
look-around and no back-references: a file that uses them is refused when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import re2

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # said by our own error


class Match(Protocol):
    """What one search found: groups by number or name; None for one that took no part."""

    def __getitem__(self, group: int | str) -> str | None: ...

    def groupdict(self) -> dict[str, str | None]: ...


class Pattern(Protocol):
    """groups: how many there are. groupindex: the named ones."""

    @property
    def groups(self) -> int: ...

    @property
    def groupindex(self) -> Mapping[str, int]: ...

    def search(self, text: str) -> Match | None: ...


def compiled(pattern: str) -> Pattern:
    """An expression in RE2's syntax. Raises ValueError with what is wrong with it."""
    try:
        made: Pattern = re2.compile(pattern, _OPTIONS)
    except re2.error as err:
        said = err.args[0] if err.args else err
        raise ValueError(said.decode() if isinstance(said, bytes) else str(said)) from err
    return made


class Found(Protocol):
    """Where one search of bytes found something."""

    def start(self) -> int: ...

    def end(self) -> int: ...


class BytesPattern(Protocol):
    """An expression over bytes; `.` fits no byte that is no UTF-8."""

    def search(self, text: bytes) -> Found | None: ...


def compiled_bytes(pattern: str) -> BytesPattern:
    """As `compiled`, for text that may be cut within a character."""
    compiled(pattern)  # its words for what is wrong
    made: BytesPattern = re2.compile(pattern.encode(), _OPTIONS)
    return made
