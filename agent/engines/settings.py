"""Settings of engines: known names only, right types, every one of them given back."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from agent.engines.base import EngineError

BAD_SETTING = "bad-setting"
# Of a C `int`, which the libraries take: a larger one would silently become another number.
MAX_INT = 2**31 - 1


def resolve(kind: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with what was given in place of them.

    A setting whose default is None is found out later by the engine and takes an int or None.
    Raises EngineError `bad-setting` for an unknown name (with near ones), another type, or a
    number that no C `int` holds.
    """
    for name, value in given.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults)
            hint = f"near: {', '.join(near)}" if near else f"known: {', '.join(sorted(defaults))}"
            raise EngineError(BAD_SETTING, f"{kind} has no setting {name}; {hint}")
        if not _fits(defaults[name], value):
            wanted = type(defaults[name]).__name__ if defaults[name] is not None else "int or null"
            raise EngineError(BAD_SETTING, f"{kind} setting {name} is not of type {wanted}")
        if isinstance(value, int) and abs(value) > MAX_INT:
            raise EngineError(BAD_SETTING, f"{kind} setting {name} is beyond {MAX_INT}")
    return {**defaults, **given}


def choice(kind: str, settings: Mapping[str, Any], name: str, known: Mapping[str, int]) -> int:
    """The number that stands for a word. Raises EngineError `bad-setting` for other words."""
    word = settings[name]
    if word not in known:
        raise EngineError(BAD_SETTING, f"{kind} setting {name}: {word!r} is none of {list(known)}")
    return known[word]


def positive(kind: str, settings: Mapping[str, Any], *names: str) -> None:
    """Raises EngineError `bad-setting` where a number is not above zero."""
    for name in names:
        if settings[name] < 1:
            raise EngineError(BAD_SETTING, f"{kind} setting {name} is not above zero")


def _fits(default: object, value: object) -> bool:
    if default is None:
        return value is None or (isinstance(value, int) and not isinstance(value, bool))
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
