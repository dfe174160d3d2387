"""Reading numbers and names out of what procfs and sysfs give; none of it is trusted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from collectors.device.part import KeptFile
from collectors.reading import Missing, Value

# 19 digits hold every signed 64-bit number; 20 every unsigned one.
_INTEGER = re.compile(rb"\s*(-?[0-9]{1,20})\s*\Z")
_DECIMAL = re.compile(rb"-?[0-9]{1,20}(?:\.[0-9]{1,20})?\Z")
_NAME_LIMIT = 64
# As many digits as the pattern takes, and the line end.
_PLAIN_BYTES = 21


def integer(data: bytes) -> int | Missing:
    """The one whole number that a file holds."""
    # What sysfs gives, nearly always: a quarter of the cost of the pattern.
    if data[-1:] == b"\n" and len(data) <= _PLAIN_BYTES and data[:-1].isdigit():
        return int(data)
    found = _INTEGER.match(data)
    return int(found[1]) if found else not_a_number(data)


def decimal(data: bytes) -> float | Missing:
    """A number with or without decimals, no exponent."""
    return float(data) if _DECIMAL.match(data) else not_a_number(data)


def not_a_number(data: bytes) -> Missing:
    """Reason that shows the start of what was there instead, in printable ASCII."""
    return Missing(f"not-a-number: {printable(data)}")


def printable(data: bytes) -> str:
    """The start of some bytes as ASCII without control characters, in quotes."""
    return ascii(data[:24].decode("ascii", errors="replace"))


def keyed(data: bytes, keys: Sequence[bytes]) -> tuple[Value, ...]:
    """The numbers behind `Key:` in lines such as `MemFree:   123 kB`, in the order of `keys`.

    The first line of a key counts.
    """
    found: dict[bytes, Value] = {}
    for line in data.splitlines():
        key, colon, rest = line.partition(b":")
        if colon and key in keys and key not in found:
            found[key] = integer((rest.split() or [b""])[0])
    return tuple(found.get(key, Missing(f"no-such-field: {key.decode()}")) for key in keys)


def short_text(path: Path) -> str | None:
    """A name or label of one line, bounded; None when there is none or it cannot be read."""
    try:
        file = KeptFile.open(path)
    except OSError:
        return None
    data = file.read()
    file.close()
    if isinstance(data, Missing):
        return None
    return data.decode("utf-8", errors="replace").strip() or None


def short_integer(path: Path) -> int | None:
    """A whole number that stays the same during a run; None when there is none."""
    text = short_text(path)
    value = integer(text.encode()) if text else None
    return value if isinstance(value, int) else None


def slug(text: str) -> str:
    """Text of a driver as one word of a channel name: lower case, digits, `_` and `-`."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower())[:_NAME_LIMIT].strip("-_") or "unnamed"


def unique(names: Iterable[str]) -> list[str]:
    """Names as they are, a second and third of the same with `-2` and `-3`, none twice."""
    taken: set[str] = set()
    seen: Counter[str] = Counter()
    result: list[str] = []
    for name in names:
        seen[name] += 1
        candidate = name if seen[name] == 1 else f"{name}-{seen[name]}"
        while candidate in taken:
            seen[name] += 1
            candidate = f"{name}-{seen[name]}"
        taken.add(candidate)
        result.append(candidate)
    return result


def numbered(folder: Path, prefix: str) -> list[Path]:
    """Entries named `prefix` and a number, in the order of the numbers."""
    pattern = re.compile(re.escape(prefix) + r"([0-9]{1,9})\Z")
    try:
        entries = list(folder.iterdir())
    except OSError:
        return []
    matches = [(pattern.match(entry.name), entry) for entry in entries]
    return [entry for _, entry in sorted((int(m[1]), e) for m, e in matches if m)]
