"""Names the first thing in which two files differ."""

from __future__ import annotations

from typing import Any

from agent.wire import WireError, strict_json


def first_difference(stored: bytes, again: bytes) -> str:
    """A JSON path where both are JSON, else a byte."""
    try:
        path = _json_difference(strict_json(stored), strict_json(again), "$")
    except WireError:
        path = ""
    if path:
        return path
    same = next(
        (i for i, (a, b) in enumerate(zip(stored, again, strict=False)) if a != b),
        min(len(stored), len(again)),
    )
    return f"byte {same}"


def _json_difference(stored: Any, again: Any, path: str) -> str:  # noqa: ANN401
    if isinstance(stored, dict) and isinstance(again, dict):
        # The identity follows from all the rest, so it is looked at last.
        for key in sorted({**again, **stored}, key=lambda k: k == "record_id"):
            if (key in stored) != (key in again):
                return f"{path}.{key}"
            found = _json_difference(stored[key], again[key], f"{path}.{key}")
            if found:
                return found
        return ""
    if isinstance(stored, list) and isinstance(again, list):
        for index, (one, other) in enumerate(zip(stored, again, strict=False)):
            found = _json_difference(one, other, f"{path}[{index}]")
            if found:
                return found
        return "" if len(stored) == len(again) else f"{path}[{min(len(stored), len(again))}]"
    return "" if stored == again and type(stored) is type(again) else path
