"""Samples that an instrument sends by itself: numbered, judged, lost ones counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from collectors.meters.polled import Field
from collectors.meters.protocol import Block, FloatArray
from collectors.reading import Channel, Gap

IntArray = npt.NDArray[np.int64]
Lost = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Came:
    """Samples that came together, before they are judged.

    steps: how far the number of each sample is from that of the sample before it: 1 where none
    is missing. values: by channel, in the reading's own steps (times Channel.scale is the unit).
    missing: the reason of what is missing between two samples, as in Gap.reason.
    spoilt: which samples are no measurements, and why. words: as in Block.
    """

    received_ns: int
    steps: IntArray
    values: Mapping[str, FloatArray]
    missing: str
    own_ns: IntArray | None = None
    gaps: tuple[Gap, ...] = ()
    spoilt: tuple[npt.NDArray[np.bool_], str] | None = None
    words: npt.NDArray[np.uint32] | None = None


def channels(fields: Sequence[Field], *, counted: bool = True) -> tuple[Channel, ...]:
    """The channels of a fast meter: its blocks are in the unit already, so nothing is to scale.

    counted: the instrument counts or stamps its samples, so that each is a new one.
    """
    return tuple(replace(field.channel, scale=1.0, each_new=counted) for field in fields)


class Numbering:
    """Numbers samples since the start and makes blocks of them."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = {field.channel.name: field for field in fields}
        self.next = 0

    def skip(self, count: int, reason: str) -> Lost:
        """So many samples are known to be lost at this place."""
        lost = (self.next, count, reason)
        self.next += count
        return lost

    def block(self, came: Came) -> Block:
        """A block of the samples that hold; the others are lost, with why. Values in the unit."""
        numbers = self.next - 1 + np.cumsum(came.steps)
        good, spoilt = self._judged(came, numbers)
        jumps = np.flatnonzero(came.steps > 1)
        lost = [
            (int(numbers[at] - came.steps[at] + 1), int(came.steps[at] - 1), came.missing)
            for at in jumps
        ]
        first = int(numbers[good][0]) if good.any() else self.next
        self.next = int(numbers[-1]) + 1 if len(numbers) else self.next
        return Block(
            first=first,
            received_ns=came.received_ns,
            values={n: v[good] * self._fields[n].channel.scale for n, v in came.values.items()},
            lost=tuple(sorted([*lost, *spoilt])),
            own_ns=None if came.own_ns is None else came.own_ns[good],
            gaps=came.gaps,
            words=None if came.words is None else came.words[good],
        )

    def nothing(
        self, received_ns: int, gaps: tuple[Gap, ...], lost: tuple[Lost, ...] = ()
    ) -> Block:
        """A block without samples, to say what went wrong."""
        none = {name: np.empty(0) for name in self._fields}
        return Block(self.next, received_ns, none, lost, None, gaps)

    def _judged(self, came: Came, numbers: IntArray) -> tuple[npt.NDArray[np.bool_], list[Lost]]:
        """Which samples hold on every channel, and the runs of those that do not."""
        good = np.ones(len(numbers), dtype=np.bool_)
        spoilt: list[Lost] = []
        if came.spoilt is not None:
            good = ~came.spoilt[0]
            spoilt.extend((*run, came.spoilt[1]) for run in _runs(numbers[~good]))
        for name, values in came.values.items():
            field = self._fields[name]
            with np.errstate(invalid="ignore"):
                holds = (values >= field.low) & (values <= field.high)  # false for NaN too
            for why, which in (("not-a-number", np.isnan(values)), ("overrange", ~holds)):
                fresh = good & which
                spoilt.extend((*run, f"{why}: {name}") for run in _runs(numbers[fresh]))
                good &= ~which
        return good, spoilt


def _runs(numbers: IntArray) -> list[tuple[int, int]]:
    """Numbers that follow each other, as (first, count)."""
    if not len(numbers):
        return []
    edges = np.flatnonzero(np.diff(numbers) != 1) + 1
    return [(int(run[0]), len(run)) for run in np.split(numbers, edges)]
