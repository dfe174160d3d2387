"""Samples of a fast meter as series: on the device's clock, in coherent units, cut to attempts.

Nothing is read or decoded but what an attempt needs, and all of it stays in arrays: rows are
mapped, channels that come faster than 1 kHz become means over equal steps, piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.spool import SpoolFault
from collectors.meters.codings import Decoder, decoder
from collectors.meters.layout import OWN, Layout, layout_of
from collectors.reading import Unit
from host.align.blocks import Blocks, blocks_in
from host.align.envelope import Fitted, fitted
from host.align.rows import PIECE
from host.handover.trace import FloatArray, Gap, IntArray, Series
from host.handover.units import conversion

# Gaps of one channel in one attempt; more say in the last one how many there are.
MOST_GAPS = 1000

_NO_TIMES: IntArray = np.empty(0, np.int64)
Carry = Callable[[IntArray], IntArray]


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of one fast meter.

    fit: x to host time, x being the number of a sample, or the instrument's own stamp. carry:
    host time to the device's. behind_ns: how much earlier than the fit says a sample may be. own:
    whether x is the instrument's own stamp. barred: as in Series.
    """

    name: str
    layout: Layout
    channels: tuple[Mapping[str, Any], ...]
    blocks: Blocks
    fit: Fitted
    carry: Carry
    decode: Decoder
    behind_ns: int
    own: bool
    barred: str = ""

    @property
    def faults(self) -> tuple[tuple[str, SpoolFault], ...]:
        return self.blocks.faults

    def within(self, start_ns: int, end_ns: int) -> tuple[Series, ...]:
        """All channels from start to end of the device's time."""
        first, stop = self._row_at(start_ns), self._row_at(end_ns)
        t_ns, columns = self._columns(first, stop)
        t0_ns, t1_ns = t_ns - self.behind_ns, t_ns + self.fit.width_ns
        gaps = self._gaps((first, stop), start_ns, end_ns)
        found = (
            _series(self.name, c, (t0_ns, t1_ns, columns[str(c["name"])]), gaps)
            for c in self.channels
        )
        return tuple(replace(one, barred=self.barred) for one in found)

    def _time(self, first: int, stop: int) -> IntArray:
        """Of these rows."""
        if self.own:
            parts = [rows[OWN] for _, rows in self.blocks.rows.pieces(first, stop)]
            x = np.concatenate(parts) if parts else np.empty(0, np.int64)
        else:
            x = self._numbers(first, stop)
        return self.carry(self.fit.host_ns(x))

    def _numbers(self, first: int, stop: int) -> IntArray:
        return self.blocks.runs.numbers(np.arange(first, stop, dtype=np.int64))

    def _row_at(self, t_ns: int) -> int:
        """How many rows lie before a time, by halving."""
        low, high = 0, len(self.blocks.rows)
        while low < high:
            middle = (low + high) // 2
            if int(self._time(middle, middle + 1)[0]) < t_ns:
                low = middle + 1
            else:
                high = middle
        return low

    def _columns(self, first: int, stop: int) -> tuple[IntArray, Mapping[str, FloatArray]]:
        """Times and values of these rows; of whole groups of them where they come faster."""
        names = self.layout.gives
        if self.layout.group == 1:
            values = {name: np.empty(stop - first) for name in names}
            for at, rows in self.blocks.rows.pieces(first, stop):
                for name, found in self.decode(rows).items():
                    values[name][at - first : at - first + len(rows)] = found
            return self._time(first, stop), values
        parts = list(self._grouped(first, stop))
        ends = np.concatenate([np.empty(0, np.int64), *(part for part, _ in parts)])
        none = np.empty(0)
        means = {n: np.concatenate([none, *(found[n] for _, found in parts)]) for n in names}
        return self.carry(self.fit.host_ns(ends)), means

    def _grouped(
        self, first: int, stop: int
    ) -> Iterator[tuple[IntArray, Mapping[str, FloatArray]]]:
        """Means of whole groups by the number that ends each; groups with a loss are left out."""
        group = self.layout.group
        for start in range(first, stop, PIECE):
            # A piece begins with a group, so that none is cut in two.
            at, end = (self._group_start(row) for row in (start, min(start + PIECE, stop)))
            number = self._numbers(at, end)
            begins = np.flatnonzero(np.diff(number // group, prepend=-1))
            whole = np.diff(begins, append=len(number)) == group
            values = self.decode(self.blocks.rows.read(at, end))
            ends = (number[begins[whole]] // group + 1) * group
            yield ends, {name: _means(v, begins, whole, group) for name, v in values.items()}

    def _group_start(self, row: int) -> int:
        group, runs = self.layout.group, self.blocks.runs
        number = int(self._numbers(row, row + 1)[0])
        return runs.row(number // group * group)

    def _gaps(
        self, rows: tuple[int, int], start_ns: int, end_ns: int
    ) -> tuple[tuple[int, str], ...]:
        """When (of the device) and why: losses by their first sample, the rest as it was told."""
        found = [*self._losses(*rows), *self._told()]
        inside = sorted(gap for gap in found if start_ns <= gap[0] <= end_ns)
        if len(inside) > MOST_GAPS:
            rest = len(inside) - MOST_GAPS
            return (*inside[:MOST_GAPS], (inside[-1][0], f"more: {rest} gaps are not listed"))
        return tuple(inside)

    def _losses(self, first: int, stop: int) -> list[tuple[int, str]]:
        """Losses beside these rows; of those between two instants of an own clock, the first."""
        runs, rate_hz = self.blocks.runs, self.layout.rate_hz
        low, high = (int(self._numbers(row, row + 1)[0]) for row in (first, stop))
        lost = [one for one in self.blocks.lost if low <= one[0] + one[1] and one[0] <= high]
        if self.own:
            rows = [max(0, runs.row(at) - 1) for at, _, _ in lost[: MOST_GAPS + 1]]
            times = [int(self._time(row, row + 1)[0]) for row in rows]
        else:
            numbers = np.array([at for at, _, _ in lost], np.int64)
            times = self.carry(self.fit.host_ns(numbers)).tolist()
        return [
            (t, f"{why} ({count} samples, {count / rate_hz:.3g} s)")
            for t, (_, count, why) in zip(times, lost, strict=False)
        ]

    def _told(self) -> list[tuple[int, str]]:
        told = self.blocks.gaps
        t_ns = self.carry(np.array([t for t, _ in told], np.int64)) if told else ()
        return [(int(t), why) for t, (_, why) in zip(t_ns, told, strict=True)]


def recording_in(
    place: Path, said: Mapping[str, Any], carry: Carry
) -> tuple[Recording | None, tuple[tuple[str, SpoolFault], ...]]:
    """What a folder of a fast meter holds, and its faults; None where not one sample came.

    said: its `meter.json`. Raises ValueError and its kin for what is no recording.
    """
    layout = layout_of(said["samples"])
    name = place.parent.name
    blocks = blocks_in(place, name, layout)
    decode = decoder(layout)
    channels = tuple(c for c in said["channels"] if c["name"] in layout.gives)
    if len(channels) != len(layout.gives):
        raise ValueError("its channels are not those of its samples")
    for channel in channels:  # what is odd in one shows here, and not in an attempt
        _series(name, channel, (_NO_TIMES, _NO_TIMES, np.empty(0)), ())
    if not len(blocks.rows):
        return None, blocks.faults
    x, nominal, own = blocks.early, 1e9 / layout.rate_hz, _own_stamps(layout, blocks)
    if own is not None:
        rows = [min(blocks.runs.row(int(n)), len(own) - 1) for n in blocks.early]
        x, nominal = own[rows], 1.0
    fit = fitted(x, blocks.early_ns, nominal)
    fit = replace(fit, width_ns=fit.width_ns + (0 if own is not None else blocks.doubt_ns))
    behind_ns = round((layout.link_s + 1 / layout.rate_hz) * 1e9)
    made = Recording(
        name, layout, channels, blocks, fit, carry, decode, behind_ns, own=own is not None
    )
    return made, blocks.faults


def _own_stamps(layout: Layout, blocks: Blocks) -> IntArray | None:
    """The instrument's own stamps; None where it has none, or they do not ascend."""
    if not layout.own_clock or layout.group > 1:
        return None
    own: IntArray = blocks.rows.column(OWN)
    return None if np.any(np.diff(own) <= 0) else own


def _means(values: FloatArray, begins: IntArray, whole: Any, group: int) -> FloatArray:  # noqa: ANN401 - an array of bool
    """The mean of each whole group."""
    if whole.all() and len(values) == len(begins) * group:
        return np.asarray(values.reshape(-1, group).mean(axis=1))
    return np.asarray((np.add.reduceat(values, begins) / group)[whole])


def _series(
    name: str,
    channel: Mapping[str, Any],
    columns: tuple[IntArray, IntArray, FloatArray],
    gaps: Sequence[tuple[int, str]],
) -> Series:
    t0_ns, t1_ns, values = columns
    rule = conversion(Unit(channel["unit"]))
    resolution, averaging_s = channel.get("resolution"), channel.get("averaging_s")
    plain = rule.factor == 1.0 and rule.offset == 0.0
    return Series(
        channel=str(channel["name"]),
        source=name,
        quantity=str(channel.get("quantity", "")),
        kind=str(channel.get("kind", "")),
        unit=rule.unit,
        tier=str(channel.get("tier", "")),
        t0_ns=t0_ns,
        t1_ns=t1_ns,
        values=values if plain else values * rule.factor + rule.offset,
        resolution=None if resolution is None else float(resolution) * rule.factor,
        gaps=tuple(Gap(str(channel["name"]), t_ns, why) for t_ns, why in gaps),
        averaging_s=None if averaging_s is None else float(averaging_s),
        each_new=channel.get("each_new") is True,
    )
