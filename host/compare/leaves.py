"""Free-form parts of records side by side, path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ABSENT = "absent"


def unequal(parts: Sequence[Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(path, one value a part) of every leaf that is not the same in all, sorted by path.

    A path joins keys by dots; a leaf that a part lacks is `absent`.
    """
    flat = [dict(leaves(part)) for part in parts]
    for path in sorted({path for part in flat for path in part}):
        values = tuple(part.get(path, ABSENT) for part in flat)
        if len(set(values)) > 1:
            yield path, values


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - free-form
    """(path, text) of every value; an empty collection is a leaf of its own."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value:
        for place, each in enumerate(value):
            yield from leaves(each, f"{path}.{place}")
    else:
        yield path, said(value)


def said(value: Any) -> str:  # noqa: ANN401 - free-form
    """A leaf as text."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if not isinstance(value, Mapping | list | tuple) else "empty"
