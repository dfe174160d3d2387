"""What stands around an attempt: gates before it, a look at the device after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Surroundings(Protocol):
    """Sees the device before and after each attempt. The pipeline gives one, or none."""

    def before(self, number: int, waiting: Callable[[str], None]) -> str:
        """Wait until the attempt may begin: "" or why it is void."""
        ...

    def after(self, number: int) -> str:
        """Look once more: "" or why the attempt that just ended is void."""
        ...
