"""The readings of meters on the bench, carried to the device's clock and given to attempts. Pure.

A meter is read on the host's clock. The offset between two sets of exchanges is a straight line,
as in `fit.py`, whose bound holds for meters too; before the first and after the last it stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.spool import SpoolFault, SpoolFile, SpoolFormatError, read_spool
from host.align.fit import Alignment
from host.align.samples import Carry, Recording, recording_in
from host.align.series import series_of
from host.align.streams import read_json
from host.errors import FolderError
from host.handover.facts import MeterEnd
from host.handover.finding import StreamFault
from host.handover.trace import IntArray, Series, Window

FOLDER = "meters"
# Files of fast meters, whose length is what was stated at the end (host/run/samples.py).
_FAST = {"samples": ".bin", "blocks": ".tsv"}
# Readings this far beside an attempt belong to it too: an average reaches back over its window,
# and idle power is looked at on both sides. The slowest meter here is new every second.
BESIDE_NS = 5_000_000_000
# What a meter is on the bench for, the first that it gives any channel of.
EVIDENCE = ("power", "energy")
# A reason that a meter or a line gave is text from outside: a sentence, no more.
MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Metered:
    """All meters of a run. channels: as they describe themselves. faults: of their streams.

    recordings: of fast meters, on the device's clock already. ends: how each was left.
    """

    series: tuple[Series, ...] = ()
    channels: tuple[Mapping[str, Any], ...] = ()
    faults: tuple[StreamFault, ...] = ()
    recordings: tuple[Recording, ...] = ()
    ends: tuple[MeterEnd, ...] = ()

    def beside(self, attempt: Window) -> tuple[Series, ...]:
        """As `beside`, with what fast meters gave."""
        start_ns, end_ns = attempt.start_ns - BESIDE_NS, attempt.end_ns + BESIDE_NS
        fast = [one for r in self.recordings for one in r.within(start_ns, end_ns)]
        return (*beside(self.series, attempt), *_by_channel(fast))

    def around(self, windows: Sequence[Window]) -> tuple[Series, ...]:
        """All readings of polled meters, and those of fast ones in some windows."""
        places = [(w.start_ns, w.end_ns) for w in windows] or [(0, 0)]
        fast = [
            _joined(parts)
            for recording in self.recordings
            for parts in zip(*(recording.within(*place) for place in places), strict=True)
        ]
        return (*self.series, *fast)


def meters_in(data: Path, host_to_device: Alignment | None, *, same_clock: bool) -> Metered:
    """Everything under `data/meters`. Raises FolderError for what is none of a meter."""
    series: list[Series] = []
    channels: dict[str, Mapping[str, Any]] = {}
    faults: list[StreamFault] = []
    recordings: list[Recording] = []
    carry = _carry(host_to_device, same_clock=same_clock)
    ends: dict[str, MeterEnd] = {}
    for place in sorted(p for p in (data / FOLDER).glob("*/*") if p.is_dir()):
        about = place / "meter.json"
        if not about.exists():
            continue  # it never began
        said = read_json(about)
        if not isinstance(said, dict) or not isinstance(said.get("channels"), list):
            raise FolderError(str(about), "describes no meter")
        streams = _streams(place)
        try:
            faults += _faults(place, streams, data)
            found = series_of(streams, said["channels"])
            ends[place.parent.name] = _end(place, said["channels"], ends)
            more, damage = _recordings(place, said, carry)
            recordings += more
            faults += [_fault(place, data, *one) for one in damage]
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as err:
            raise FolderError(str(place), f"is no recording of a meter: {err!r}") from err
        if not same_clock:
            found = tuple(_carried(one, carry) for one in found)
        series += found
        channels |= {str(c.get("name")): c for c in said["channels"]}
    return Metered(
        series=tuple(series),
        channels=tuple(channels.values()),
        faults=tuple(faults),
        recordings=tuple(recordings),
        ends=tuple(ends.values()),
    )


def beside(found: Sequence[Series], attempt: Window) -> tuple[Series, ...]:
    """What the meters gave during an attempt; one series for each channel that gave anything."""
    start_ns, end_ns = attempt.start_ns - BESIDE_NS, attempt.end_ns + BESIDE_NS
    return _by_channel([_within(one, start_ns, end_ns) for one in found])


def _by_channel(found: Sequence[Series]) -> tuple[Series, ...]:
    """One series for each channel that gave anything."""
    parts: dict[str, list[Series]] = {}
    for one in found:
        if len(one.values) or one.gaps:
            parts.setdefault(one.channel, []).append(one)
    return tuple(_joined(each) for each in parts.values())


def _streams(place: Path) -> dict[str, SpoolFile]:
    found = {}
    for path in sorted(place.glob("source-*.tsv")):
        try:
            found[path.stem] = read_spool(path.read_bytes())
        except SpoolFormatError as err:
            raise FolderError(str(path), str(err)) from err
    return found


def _faults(place: Path, streams: Mapping[str, SpoolFile], data: Path) -> list[StreamFault]:
    """Lines that are not as written, and counts that are not as stated."""
    found = [
        _fault(place, data, f"{name}.tsv", fault)
        for name, stream in streams.items()
        for fault in stream.faults
    ]
    end = place / "end.json"
    stated = read_json(end).get("streams", ()) if end.exists() else ()
    for one in stated:
        name = str(one["stream"])
        if name in streams and len(streams[name].lines) != one["lines"]:
            found.append(_fault(place, data, f"{name}.tsv", SpoolFault(0, "count")))
        kind, _, _ = name.partition("-")
        if kind in _FAST and _size(place / f"{name}{_FAST[kind]}") != one["size_bytes"]:
            found.append(_fault(place, data, f"{name}{_FAST[kind]}", SpoolFault(0, "count")))
    return found


def _end(
    place: Path, channels: Sequence[Mapping[str, Any]], before: Mapping[str, MeterEnd]
) -> MeterEnd:
    """How a meter was left; of several recordings the first that failed tells why."""
    name = place.parent.name
    by = {q: tuple(str(c["name"]) for c in channels if c["quantity"] == q) for q in EVIDENCE}
    every = tuple(str(c["name"]) for c in channels)
    own = next((names for names in by.values() if names), every)
    if name in before and before[name].failed:
        return before[name]
    end = place / "end.json"
    said = str(read_json(end).get("failed", "")) if end.exists() else ""
    words = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return MeterEnd(name, own, words[:MOST_WORDS])


def _recordings(
    place: Path, said: Mapping[str, Any], carry: Carry | None
) -> tuple[list[Recording], tuple[tuple[str, SpoolFault], ...]]:
    """What a fast meter gave, and its faults; nothing where nobody knows its time."""
    if "samples" not in said:
        return [], ()
    found, faults = recording_in(place, said, carry or _here)
    return [] if found is None or carry is None else [found], faults


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _fault(place: Path, data: Path, file: str, fault: SpoolFault) -> StreamFault:
    beneath = place.relative_to(data).as_posix()
    return StreamFault(f"data/{beneath}/{file}", fault.number, fault.fault)


def _here(t_ns: IntArray) -> IntArray:
    return t_ns


def _carry(alignment: Alignment | None, *, same_clock: bool) -> Carry | None:
    """What makes device time of host time; None where nobody knows."""
    if same_clock:
        return _here
    if alignment is None or not alignment.brackets:
        return None
    at = np.array([b.at_ns for b in alignment.brackets], dtype=np.int64)
    offsets = np.array([b.offset_ns for b in alignment.brackets], dtype=np.int64)
    return lambda t_ns: _shifted(t_ns, at, offsets)


def _carried(one: Series, carry: Carry | None) -> Series:
    if carry is None:
        return replace(one, t0_ns=one.t0_ns[:0], t1_ns=one.t1_ns[:0], values=one.values[:0])
    return replace(
        one,
        t0_ns=carry(one.t0_ns),
        t1_ns=carry(one.t1_ns),
        gaps=tuple(replace(gap, t_ns=int(carry(np.array([gap.t_ns]))[0])) for gap in one.gaps),
    )


def _shifted(t_ns: IntArray, at: IntArray, offsets: IntArray) -> IntArray:
    """Host time as device time. Doubles hold differences exactly enough, never the stamps."""
    since, sets = (t_ns - at[0]).astype(np.float64), (at - at[0]).astype(np.float64)
    near = np.rint(np.interp(since, sets, (offsets - offsets[0]).astype(np.float64)))
    shifted: IntArray = t_ns + int(offsets[0]) + near.astype(np.int64)
    return shifted


def _within(one: Series, start_ns: int, end_ns: int) -> Series:
    inside = (one.t0_ns >= start_ns) & (one.t1_ns <= end_ns)
    return replace(
        one,
        t0_ns=one.t0_ns[inside],
        t1_ns=one.t1_ns[inside],
        values=one.values[inside],
        gaps=tuple(gap for gap in one.gaps if start_ns <= gap.t_ns <= end_ns),
    )


def _joined(parts: Sequence[Series]) -> Series:
    """Several recordings of one channel, in order of time."""
    first = parts[0]
    if len(parts) == 1:
        return first
    return replace(
        first,
        t0_ns=np.concatenate([p.t0_ns for p in parts]),
        t1_ns=np.concatenate([p.t1_ns for p in parts]),
        values=np.concatenate([p.values for p in parts]),
        gaps=tuple(gap for p in parts for gap in p.gaps),
    )
