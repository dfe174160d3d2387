"""Voltages and currents of a Raspberry Pi's power chip, through `vcgencmd pmic_read_adc`.

Lines `NAME_A current(7)=1.23A` and `NAME_V volt(15)=0.87V`: raspberrypi/utils, vcgencmd; the maker
documents neither their form nor their accuracy. A Pi 5 has a dozen rails with both; a Pi 4 answers
with voltages or not at all. The input has a voltage (EXT5V) and no current.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial

from collectors.device.asked import Asked, Question, answer_of, program
from collectors.device.text import slug
from collectors.protocol import Absent, Opened, Scope
from collectors.reading import Channel, Kind, Missing, Quantity, Unit, Value

KIND = "pmic"
# The values are new at 21.2 Hz (powerstamp package page); each call starts a process: half of it.
PMIC_HZ = 10.0
_ARGV = ("vcgencmd", "pmic_read_adc")
_LINE = re.compile(
    r"\s*([A-Z0-9_]{1,40})_([AV]) (?:current|volt)\([0-9]{1,3}\)="
    r"(-?[0-9]{1,6}(?:\.[0-9]{1,12})?)[AV]\s*"
)
_MOST_LINES = 100
_FIX = "install libraspberrypi-bin (vcgencmd), and be in the group video; Raspberry Pi only"
_NONE = "none: this board's firmware gives no rail, as a Raspberry Pi 4's and older"
_NOTE = "new at 21 Hz at most; one call for all rails, its values some ms apart"
_SUM = (
    "sum of V x I over the rails that have both: it underestimates the wall, for the current of "
    "the input is not measured (a community fit: wall = 1.145 x sum + 0.59 W)"
)

Rails = Mapping[tuple[str, str], float]


def open_pmic(scope: Scope) -> Opened:
    """Each rail's voltage and current, and the power of those that have both."""
    asked = " ".join(_ARGV)
    path = program(scope, _ARGV[0])
    if path is None:
        return Opened(None, (Absent(KIND, asked, "not-installed: no vcgencmd", _FIX),))
    argv = (path, *_ARGV[1:])
    answer = answer_of(argv)
    if isinstance(answer, Missing):
        return Opened(None, (Absent(KIND, asked, answer.reason, _FIX),))
    rails = rails_of(answer)
    if not rails:
        return Opened(None, (Absent(KIND, asked, "not-present: no rail in the answer", _NONE),))
    keys, pairs = tuple(rails), _pairs(rails)
    channels = tuple(_channel(rail, which, asked) for rail, which in keys)
    absent: tuple[Absent, ...] = ()
    if pairs:
        power = Channel(
            "pmic.sum.power", Unit.WATT, Kind.INSTANT, Quantity.POWER, asked, tier="B", note=_SUM
        )
        channels = (*channels, power)
    else:
        absent = (Absent(KIND, asked, "not-supported: voltages without currents", _NONE),)
    question = Question(partial(answer_of, argv), channels, partial(_values, keys, pairs))
    return Opened(Asked(question, scope.clock, PMIC_HZ), absent)


def rails_of(data: bytes) -> dict[tuple[str, str], float]:
    """Rail and `V` or `A` -> value in that unit; the first of each. Never raises."""
    found: dict[tuple[str, str], float] = {}
    lines = data.decode("ascii", errors="replace").splitlines()
    for match in map(_LINE.fullmatch, lines[:_MOST_LINES]):
        if match is not None:
            found.setdefault((match[1], match[2]), float(match[3]))
    return found


def _pairs(rails: Rails) -> tuple[str, ...]:
    return tuple(rail for rail, which in rails if which == "A" and (rail, "V") in rails)


def _channel(rail: str, which: str, asked: str) -> Channel:
    volts = which == "V"
    return Channel(
        f"pmic.{slug(rail)}.{'voltage' if volts else 'current'}",
        Unit.VOLT if volts else Unit.AMPERE,
        Kind.INSTANT,
        Quantity.VOLTAGE if volts else Quantity.CURRENT,
        f"{asked} {rail}_{which}",
        note=_NOTE,
    )


def _values(keys: Sequence[tuple[str, str]], pairs: Sequence[str], data: bytes) -> Sequence[Value]:
    now = rails_of(data)
    gone = Missing("no-such-field: the rail is gone")
    found: list[Value] = [now.get(key, gone) for key in keys]
    return [*found, _power(now, pairs)] if pairs else found


def _power(now: Rails, pairs: Sequence[str]) -> Value:
    """In W. Of a sum that lacks a rail nothing is said."""
    if any((rail, "V") not in now or (rail, "A") not in now for rail in pairs):
        return Missing("no-such-field: a rail of the sum is gone")
    return sum(now[rail, "V"] * now[rail, "A"] for rail in pairs)
