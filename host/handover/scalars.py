"""Texts with a form of their own in records and statements: decimals, ns, hashes, times.

Each pattern ends in a `$` that no line feed may follow: the regular expressions of Python let `$`
match before a last line feed, those of JSON Schema (ECMA-262) do not, and both must refuse the
same texts.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

_END = r"$(?!\n)"
_NUMBER = r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?"
# The longest text that host.schema.canonical.decimal makes has 33 characters.
_MAX_DIGITS = 64

Dec = Annotated[str, Meta(pattern=f"^{_NUMBER}{_END}", max_length=_MAX_DIGITS)]
DecOrInf = Annotated[str, Meta(pattern=f"^({_NUMBER}|inf){_END}", max_length=_MAX_DIGITS)]
Whole = Annotated[str, Meta(pattern=rf"^(0|[1-9][0-9]*|inf){_END}", max_length=_MAX_DIGITS)]
Ns = Annotated[str, Meta(pattern=rf"^-?(0|[1-9][0-9]*){_END}", max_length=_MAX_DIGITS)]
Sha256 = Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}{_END}")]
Sha256OrNone = Annotated[str, Meta(pattern=f"^([0-9a-f]{{64}})?{_END}")]  # "" where there is none
RecordId = Annotated[str, Meta(pattern=f"^urn:sha256:[0-9a-f]{{64}}{_END}")]
RecordIdOrNone = Annotated[str, Meta(pattern=f"^(urn:sha256:[0-9a-f]{{64}})?{_END}")]
# RFC 3339 in UTC, as labels of the wall clock are written; "" where it has not happened.
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z"
Time = Annotated[str, Meta(pattern=f"^{_TIME}{_END}")]
TimeOrNone = Annotated[str, Meta(pattern=f"^({_TIME})?{_END}")]
Day = Annotated[str, Meta(pattern=f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_END}")]
DayOrNone = Annotated[str, Meta(pattern=f"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})?{_END}")]
# One line that a person wrote: names, numbers, contacts.
Line = Annotated[str, Meta(pattern=f"^[^\\x00-\\x1f\\x7f]+{_END}", max_length=500)]
LineOrNone = Annotated[str, Meta(pattern=f"^[^\\x00-\\x1f\\x7f]*{_END}", max_length=500)]
