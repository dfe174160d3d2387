"""Which settings of the device are not what they were before the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Words in the path of a fact that must stay as it was; readings such as free memory or a
# temperature differ always and are no settings.
_SETTINGS = (
    "governor",
    "boost",
    "turbo",
    "smt",
    "energy_performance",
    "epp",
    "profile",
    "power_source",
    "online",
    "charging",
    "brightness",
    "min_freq",
    "max_freq",
    "affinity",
    "boot_id",
    "kernel",
    "thermal_override",
    "status",
    "clocksource",
    "cgroup",
    "huge_pages",
)
ABSENT = "absent"


def changed_state(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[tuple[str, str, str], ...]:
    """(path, before, after) of every setting that changed; a path joins keys by dots.

    Nothing where the device was not asked twice.
    """
    if not before or not after:
        return ()
    first, second = dict(_leaves(before, "")), dict(_leaves(after, ""))
    return tuple(
        (path, first.get(path, ABSENT), second.get(path, ABSENT))
        for path in sorted({*first, *second})
        if any(word in path.lower() for word in _SETTINGS)
        and first.get(path, ABSENT) != second.get(path, ABSENT)
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - free-form
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for place, each in enumerate(value):
            yield from _leaves(each, f"{path}.{place}")
    else:
        yield path, str(value)
