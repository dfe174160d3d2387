"""When to read: absolute slots, seeded jitter, missed slots counted. Pure.

Slot k lies at `start + k * period`; its due time is put off by up to +-jitter_ratio of the
period, for all sources alike: one wake-up a slot disturbs the device less than one a source.
The jitter of a slot comes from the seed and the slot number alone, so that a missed slot shifts
nothing after it. It is for sources of momentary values (`shared` reference, sources 5.1: decode
at exactly 10 token/s sampled at 10 Hz is off by -27 % to +18 %) and harms no counter. A source
with a `max_hz` below the rate is read in every n-th slot, n the smallest that keeps to it, and
its ticks count its own slots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SECOND_NS = 1_000_000_000
# Increment and multipliers of splitmix64 (Steele, Lea and Flood, 2014).
_STEP, _MIX1, _MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
# Due times that are worked out at once, at most: a second of the fastest sampling in use.
MOST_AHEAD = 1000


@dataclass(frozen=True, slots=True)
class Schedule:
    """The slots of one sampler. jitter_ratio: below half, so that due times keep their order."""

    start_ns: int
    period_ns: int
    jitter_ratio: float
    seed: int

    def due_ns(self, slot: int) -> int:
        """When this slot is due."""
        swing = (unit_of(self.seed, slot) * 2.0 - 1.0) * self.jitter_ratio * self.period_ns
        return self.start_ns + slot * self.period_ns + round(swing)

    def next_slot(self, after: int, now_ns: int) -> tuple[int, int]:
        """The first slot after `after` that can still be served, and when it is due.

        Those in between are missed.

        A slot can be served until the next one is due; then reading would be reading for that.
        """
        slot = max(after + 1, (now_ns - self.start_ns) // self.period_ns - 1)
        due_ns = self.due_ns(slot)
        if due_ns > now_ns:  # nearly always; due times keep their order, so it is the one
            return slot, due_ns
        while (next_ns := self.due_ns(slot + 1)) <= now_ns:
            slot, due_ns = slot + 1, next_ns
        return slot, due_ns


class Ahead:
    """The next slot of a schedule, with due times worked out many at once.

    One alone costs ten times as much after a pause of 10 ms as in a row of others.
    """

    def __init__(self, slots: Schedule) -> None:
        self._slots = slots
        self._due_ns: list[int] = []  # of the slots to come, the nearest last

    def look(self, after: int, until_ns: int) -> None:
        """Work out the due times of the slots after this one, until then and never too many."""
        count = min(
            MOST_AHEAD, max(0, (until_ns - self._slots.due_ns(after))) // self._slots.period_ns
        )
        self._due_ns = [self._slots.due_ns(after + n) for n in range(count, 0, -1)]

    def next_slot(self, after: int, now_ns: int) -> tuple[int, int]:
        """As the schedule's own."""
        if self._due_ns and (due_ns := self._due_ns.pop()) > now_ns:
            return after + 1, due_ns
        self._due_ns.clear()
        return self._slots.next_slot(after, now_ns)


def schedule(start_ns: int, rate_hz: float, jitter_ratio: float, seed: int) -> Schedule:
    """Slots at `rate_hz` from `start_ns` on."""
    return Schedule(start_ns, round(SECOND_NS / rate_hz), jitter_ratio, seed)


def slots_per_read(rate_hz: float, max_hz: float | None) -> int:
    """Every how many slots a source with this limit is read."""
    if max_hz is None or rate_hz <= max_hz:
        return 1
    return math.ceil(rate_hz / max_hz - 1e-9)  # 10 Hz over 0.1 Hz is 100, not 101


def unit_of(seed: int, slot: int) -> float:
    """A number in [0, 1) from seed and slot alone: the slot's output of splitmix64."""
    z = (seed + (slot + 1) * _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _MIX1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX2) & _MASK
    return float((z ^ (z >> 31)) >> 11) / (1 << 53)
