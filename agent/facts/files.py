"""Bounded reads below roots that are arguments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIMIT_BYTES = 1 << 16
# /proc/cpuinfo takes about 1.5 kB a core; enough for a thousand of them.
LONG_BYTES = 2 << 20
MAX_ENTRIES = 1024


@dataclass(frozen=True, slots=True)
class Roots:
    """Where procfs, sysfs, configuration and run-time state are."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    etc: Path = Path("/etc")
    run: Path = Path("/run")

    @property
    def cpu(self) -> Path:
        return self.sys / "devices/system/cpu"


class AbsentError(Exception):
    """A fact that is not to be had here; says why with a reason code."""


def text_of(path: Path, limit_bytes: int = LIMIT_BYTES) -> str:
    """The text of a file, without white space at its ends. Raises OSError or AbsentError."""
    with path.open("rb") as file:
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise AbsentError(f"too-long: {path} has more than {limit_bytes} bytes")
    return data.decode(errors="replace").strip().strip("\0")


def number_of(path: Path) -> int:
    """The whole number in a file. Raises OSError, AbsentError or ValueError."""
    return int(text_of(path))


def texts_of(folder: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Those of the named files that can be read. Raises AbsentError when there is none."""
    found = {name: text for name in names if (text := maybe(folder / name)) is not None}
    if not found:
        raise AbsentError(f"not-present: none of {', '.join(names)} in {folder}")
    return found


def maybe(path: Path) -> str | None:
    """The text of a file, None when it cannot be read: only for one of several choices."""
    try:
        return text_of(path)
    except (OSError, AbsentError):
        return None


def entries(folder: Path, pattern: str) -> Iterator[Path]:
    """What matches in a folder, in the order of the numbers in the names."""
    found = sorted(folder.glob(pattern), key=lambda p: (len(p.name), p.name))
    if not found:
        raise AbsentError(f"not-present: no {pattern} in {folder}")
    if len(found) > MAX_ENTRIES:
        raise AbsentError(f"too-many: {len(found)} {pattern} in {folder}")
    return iter(found)


def keyed(text: str, separator: str = ":") -> dict[str, str]:
    """Lines of `key : value`; the first of equal keys counts."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, mark, value = line.partition(separator)
        if mark:
            found.setdefault(key.strip(), value.strip())
    return found
