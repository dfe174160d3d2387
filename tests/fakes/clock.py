"""Clocks that say what they are told."""

from __future__ import annotations

from collections.abc import Iterable

DOMAIN = "scripted@test-boot"


class ScriptedClock:
    """Says the given times one after the other; asked once more, the test is wrong."""

    def __init__(self, times_ns: Iterable[int], domain: str = DOMAIN) -> None:
        self._times_ns = iter(list(times_ns))
        self.domain = domain

    def now_ns(self) -> int:
        for time_ns in self._times_ns:
            return time_ns
        raise AssertionError("the scripted clock was asked more often than it has times")


class SteppingClock:
    """Goes on by the same step each time it is asked."""

    def __init__(self, start_ns: int = 1000, step_ns: int = 10, domain: str = DOMAIN) -> None:
        self._next_ns = start_ns
        self._step_ns = step_ns
        self.domain = domain

    def now_ns(self) -> int:
        now_ns = self._next_ns
        self._next_ns += self._step_ns
        return now_ns
