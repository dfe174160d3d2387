"""When to give up on a device."""

from __future__ import annotations

import time
from dataclasses import dataclass

from host.transport.base import STALL_S


@dataclass(frozen=True, slots=True)
class Deadline:
    """When to give up: at a moment, or after so long in which nothing moved."""

    at: float | None
    stall_s: float

    @classmethod
    def after(cls, timeout_s: float) -> Deadline:
        return cls(time.monotonic() + timeout_s, timeout_s)

    @classmethod
    def stalled(cls, stall_s: float = STALL_S) -> Deadline:
        return cls(None, stall_s)

    def left_s(self) -> float:
        """How long to wait for the next thing. Raises TimeoutError when it is past."""
        if self.at is None:
            return self.stall_s
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left
