"""Commands to a car: the JSON array in an output, compared with the one that is expected."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

# A command is short; further on nobody has to look for its beginning.
MAX_CHARACTERS = 20_000
MAX_BEGINNINGS = 100
MAX_DIGITS = 40


def command_match(output: str, expected: Sequence[Mapping[str, Any]]) -> float:
    """1 where the output's commands are exactly the expected ones, in any order, else 0.

    Compared as JSON values: order of keys, white space and the way a number is written do not
    count, every character of a text does.
    """
    found = commands_in(output)
    if found is None:
        return 0.0
    try:
        return float(_bag(found) == _bag(expected))
    except (ArithmeticError, RecursionError):  # 1e9999999, or nested deeper than Python goes
        return 0.0


def commands_in(output: str) -> list[Any] | None:
    """The first JSON array in the text; None where there is none.

    Not taken: a key that stands twice in an object, NaN, what is nested beyond the reader.
    """
    text = output[:MAX_CHARACTERS]
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_float=_number, parse_int=_number, parse_constant=_refused
    )
    start = text.find("[")
    for _ in range(MAX_BEGINNINGS):
        if start < 0:
            return None
        try:
            found, _end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            start = text.find("[", start + 1)
            continue
        return list(found)
    return None


def _bag(commands: Sequence[Any]) -> Counter[str]:
    return Counter(_canonical(each) for each in commands)


def _canonical(value: Any) -> str:  # noqa: ANN401 - JSON of any shape
    """One text for all ways of writing one value."""
    if isinstance(value, Mapping):
        fields = (f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value))
        return "{" + ",".join(fields) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_canonical, value)) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return json.dumps(value)
    return str(_number(str(value)).normalize() + 0)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _number(text: str) -> Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueError("a number with more digits than any command has")
    try:
        return Decimal(text)
    except InvalidOperation as err:
        raise ValueError(text) from err


def _refused(text: str) -> Any:  # noqa: ANN401 - never gives anything
    raise ValueError(text)
