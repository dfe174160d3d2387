"""Values of an order, read strictly; every refusal names the key at fault."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

MAX_NAME_CHARS = 512


class OrderError(ValueError):
    """The order is not one; says the key and what is wrong with it."""


def keys(
    where: str, found: Mapping[str, Any], required: set[str], optional: Collection[str] = ()
) -> None:
    """Raises OrderError for a key that is missing or not known."""
    missing, unknown = required - set(found), set(found) - required - set(optional)
    if missing or unknown:
        what = "is missing" if missing else "is not known"
        raise OrderError(f"{where}: {', '.join(sorted(missing or unknown))} {what}")


def table(where: str, found: object) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(found, dict):
        raise OrderError(f"{where}: not an object")
    return found


def words(where: str, found: object, longest: int | None = MAX_NAME_CHARS) -> str:
    """A text with something in it; longest None: of any length and any characters."""
    if not isinstance(found, str) or not found:
        raise OrderError(f"{where}: not a text with a character in it")
    if longest is not None and (len(found) > longest or not found.isprintable()):
        raise OrderError(f"{where}: longer than {longest} characters, or not printable")
    try:
        found.encode()
    except UnicodeEncodeError as err:
        raise OrderError(f"{where}: not Unicode text: {err.reason}") from err
    return found


def place(where: str, found: object) -> Path:
    """An absolute path."""
    text = words(where, found, 4096)
    if not Path(text).is_absolute():
        raise OrderError(f"{where}: {text!r} is not absolute")
    return Path(text)


def flag(where: str, found: object) -> bool:
    """True or false."""
    if not isinstance(found, bool):
        raise OrderError(f"{where}: neither true nor false")
    return found


def integer(where: str, found: object, low: int, high: int) -> int:
    """A whole number from low to high."""
    if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
        raise OrderError(f"{where}: not a whole number from {low} to {high}")
    return found


def number(where: str, found: object, low: float, high: float) -> float:
    """A finite number from low to high."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise OrderError(f"{where}: not a number")
    if not (math.isfinite(found) and low <= found <= high):
        raise OrderError(f"{where}: not from {low:g} to {high:g}")
    return float(found)
