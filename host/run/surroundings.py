"""What stands around an attempt: gates before it, a look at the device after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from host.run.folder import RunFolder, write_json

Store = Callable[[int | None, str, Any], None]


class Surroundings(Protocol):
    """Sees the device before and after each attempt. The pipeline gives one, or none."""

    def before(self, number: int, waiting: Callable[[str], None]) -> str:
        """Wait until the attempt may begin: "" or why it is void."""
        ...

    def after(self, number: int) -> str:
        """Look once more: "" or why the attempt that just ended is void."""
        ...


def store_in(folder: RunFolder) -> Store:
    """Takes (attempt or None for the run, name, value) and writes it as JSON under `data/`.

    A run that is resumed looks again: `name-2` then, for nothing is overwritten.
    """

    def store(number: int | None, name: str, value: Any) -> None:  # noqa: ANN401 - JSON
        place = folder.data if number is None else folder.attempt(number)
        place.mkdir(parents=True, exist_ok=True)
        path, again = place / f"{name}.json", 1
        while path.exists():
            again += 1
            path = place / f"{name}-{again}.json"
        write_json(path, value)

    return store
