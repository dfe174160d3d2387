"""Numbers of a result as the record's strings."""

from __future__ import annotations

from math import isinf

from host.schema.canonical import decimal


def optional(value: float | None) -> str | None:
    """A decimal string, None for None."""
    return None if value is None else decimal(value)


def freedom(nu: float | None) -> str | None:
    """Degrees of freedom: a decimal string, `inf` for infinity, None for None."""
    if nu is None:
        return None
    return "inf" if isinf(nu) else decimal(nu)


def integer(nu: float | None) -> str | None:
    """Truncated degrees of freedom: all digits of the integer, `inf` for infinity."""
    if nu is None:
        return None
    return "inf" if isinf(nu) else str(int(nu))


def pair(values: tuple[float, float]) -> tuple[str, str]:
    """Both ends of an interval."""
    return decimal(values[0]), decimal(values[1])
