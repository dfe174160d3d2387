"""Two sources for one quantity: two columns and their ratio, never an average of both.

Which channels are set side by side, and which of them have to agree, is told by their names.
"""

from __future__ import annotations

import re
from typing import Final

POWER_RATIO: Final = "power_ratio@1"
# Between the two channels of a ratio, in the source of the result. No channel has a space in it.
OVER: Final = " over "
# Counter against integrated power of one driver: within 1 % where both are sound, far off where
# one is not (`shared` reference, sources 1.9, which asks to flag 3 %).
MOST_APART_RATIO: Final = 0.03
# A channel of power or energy ends with its quantity; before it stands the place it was taken at.
_PLACE: Final = re.compile(r"(?P<place>.+)\.(?:power|energy)(?:_instant|_average)?")


def place_of(channel: str) -> str:
    """The place that a channel of power or energy is taken at; "" where its name tells none."""
    found = _PLACE.fullmatch(channel)
    return found["place"] if found else ""


def same_place(one: str, other: str) -> bool:
    """Whether two channels are two ways to know one power, so that they have to agree."""
    return place_of(one) != "" and place_of(one) == place_of(other)


def pair_in(source: str) -> tuple[str, str]:
    """Numerator and denominator in the source of a ratio; "" for a source that names none."""
    one, _, other = source.partition(OVER)
    return one, other
