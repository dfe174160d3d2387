"""The sampler's own process: reads all sources in slots until its input ends.

One line in (`sample`), then `ready` and, after the input's end or SIGTERM, `end` out. All
sources are read one after the other in a slot; lines are written once a second, together.
"""

from __future__ import annotations

import gc
import math
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.pacing import Ahead, Schedule, schedule, slots_per_read
from agent.pipes import Sender, claim_stdout, listen, read_lines
from agent.sources import Kinds, opened
from agent.spool import SpoolWriter, StreamEnd
from agent.stopping import Stop
from agent.streams import (
    TICK_COLUMNS,
    TICKS,
    disk_reason,
    end_fields,
    open_stream,
    source_columns,
    source_stream,
)
from agent.wire import Message, decode
from collectors.clocks import device_clock
from collectors.protocol import Clock, Collector, Grabbed
from collectors.reading import Missing, Value

# A read that takes more CPU time than this makes its source rest, so that it stays below
# 1/REST_FACTOR of a core: the PSS split of a model of 620 MB took 12 ms, and it grows with the
# model. While it rests its slots are gaps that say so. Reads that block without computing (i2c)
# do not count.
COSTLY_NS = 1_000_000
REST_FACTOR = 1000
RESTING = Missing("resting: reading it costs too much of the device")
RESTS: tuple[object, ...] = ("resting",)
# Lines wait in memory this long: a write for each read of each source would double the cost.
FLUSH_NS = 1_000_000_000


# Tick, due time (ns), and what was grabbed.
Row = tuple[int, int, Grabbed]


class Waiter(Protocol):
    """Waits, and says whether the end has come meanwhile (`stopping.Stop` is one)."""

    def wait(self, timeout: float | None = None) -> bool: ...


@dataclass(slots=True)
class Source:
    """One collector, its stream, every how many slots it is read, and rows not yet written.

    cpu_ns: CPU time of this thread so far. tick: number of the last row among its own slots.
    """

    collector: Collector
    writer: SpoolWriter
    every: int
    rows: list[Row] = field(default_factory=list)
    cpu_ns: Callable[[], int] = time.thread_time_ns
    rests_until_ns: int = 0
    tick: int = -1

    def read(self, slot: int, due_ns: int, clock: Clock) -> None:
        """Take one row; the text of it is made when it is written."""
        self.tick = slot // self.every
        now_ns = clock.now_ns() if self.rests_until_ns else 0
        if now_ns < self.rests_until_ns:
            self.rows.append((self.tick, due_ns, (now_ns, now_ns, RESTS)))
            return
        cpu0_ns = self.cpu_ns()
        found = self.collector.grab()
        if found[1] - found[0] > COSTLY_NS and not self.collector.beside:
            self._rest(found[1], self.cpu_ns() - cpu0_ns)
        self.rows.append((self.tick, due_ns, found))

    def read_last(self, clock: Clock) -> None:
        """One more row of a source that is asked beside the loop, or not in every slot.

        What is measured ends before its next slot, and would have no reading after its end. A
        source that rests, or that gives nothing any more, has none.
        """
        due_ns = clock.now_ns()
        if self.tick < 0 or due_ns < self.rests_until_ns:
            return
        found = self.collector.last()
        if found is None and self.every > 1:
            found = self.collector.grab()
            if any(isinstance(value, Missing) for value in self.collector.values(found[2])):
                return
        if found is not None:
            self.rows.append((self.tick + 1, due_ns, found))

    def _rest(self, now_ns: int, cost_ns: int) -> None:
        if cost_ns > COSTLY_NS:
            self.rests_until_ns = now_ns + cost_ns * REST_FACTOR

    def flush(self) -> None:
        rows, self.rows = self.rows, []
        self.writer.extend([self._fields(row) for row in rows])

    def _fields(self, row: Row) -> list[str]:
        """A row as it stands in the spool: tick, due time, both stamps, one field per channel."""
        tick, due_ns, (t0_ns, t1_ns, raws) = row
        if raws is RESTS:
            values: Sequence[Value] = (RESTING,) * len(self.collector.describe())
        else:
            values = self.collector.values(raws)
        stamps = (str(tick), str(due_ns), str(t0_ns), str(t1_ns))
        return [*stamps, *[str(v) if type(v) is int else field_of(v) for v in values]]

    def close(self) -> StreamEnd:
        self.collector.close()
        try:
            self.flush()
        finally:
            end = self.writer.close()
        return end


def field_of(value: Value) -> str:
    """A value as a number, a missing one as `!` and its reason on one line."""
    if isinstance(value, Missing):
        return "!" + " ".join(value.reason.split())
    if isinstance(value, float) and not math.isfinite(value):
        return f"!not-finite: {value}"
    return repr(value)


@dataclass(frozen=True, slots=True)
class Sampler:
    """All sources of one attempt, and the stream of what reading them costs."""

    sources: tuple[Source, ...]
    ticks: SpoolWriter
    clock: Clock

    def run(self, slots: Schedule, stop: Waiter, begun: Callable[[], None] = lambda: None) -> None:
        """Read slot by slot until told to stop. Raises OSError when the disk is full.

        begun: called once every source has been read once, so that what is measured next has a
        reading before it.
        """
        slot, flush_ns, due_ns, ahead = 0, slots.start_ns, slots.due_ns(0), Ahead(slots)
        while not stop.wait((due_ns - self.clock.now_ns()) * 1e-9):
            for source in self.sources:
                if slot % source.every == 0:
                    source.read(slot, due_ns, self.clock)
            if slot == 0:
                begun()
            now_ns = self.clock.now_ns()
            if now_ns >= flush_ns:
                flush_ns = max(now_ns, flush_ns + FLUSH_NS)
                self.flush()
                ahead.look(slot, flush_ns + FLUSH_NS)
                now_ns = self.clock.now_ns()
            slot, due_ns = ahead.next_slot(slot, now_ns)
        for source in self.sources:
            source.read_last(self.clock)

    def flush(self) -> None:
        """Write what waits, and the CPU time of this process so far."""
        for source in self.sources:
            source.flush()
        self.ticks.append((str(self.clock.now_ns()), str(time.process_time_ns())))

    def close(self) -> tuple[list[StreamEnd], str]:
        """End every stream: what they hold, and the reason of the first that failed, or ""."""
        ends, reason = [], ""
        for close in (self._close_ticks, *(source.close for source in self.sources)):
            try:
                ends.append(close())
            except OSError as err:  # noqa: PERF203 - each stream is ended whatever the others do
                reason = reason or disk_reason(err)
        return ends, reason

    def _close_ticks(self) -> StreamEnd:
        try:
            self.ticks.append((str(self.clock.now_ns()), str(time.process_time_ns())))
        finally:
            end = self.ticks.close()
        return end


def main() -> int:
    """Serve one `sample`."""
    sender = Sender(claim_stdout())
    lines = read_lines(0)
    message = decode(next(lines))
    stop = Stop()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    listen(0, lambda _: None, stop.set)
    ends, reason = _sample(message, sender, stop)
    fields = {"streams": [end_fields(end) for end in ends], "reason": reason}
    sender.send("end", fields)
    sys.stderr.flush()
    return 0


def _sample(message: Message, sender: Sender, stop: Stop) -> tuple[list[StreamEnd], str]:
    clock, rate_hz = device_clock(), float(message["rate_hz"])
    try:
        pid = message["pid"]  # null: of a server that others started
        kinds, fields = opened(clock, None if pid is None else int(pid), message["kinds"])
        sampler = _open(Path(message["directory"]), kinds, rate_hz, clock)
    except OSError as err:
        return [], disk_reason(err)
    except ValueError as err:  # an unknown kind
        return [], f"unknown-kind: {err}"
    fields["rates_hz"] = rates(kinds, rate_hz)
    gc.collect()
    gc.freeze()
    gc.disable()  # reads make no cycles; a collection would make a slot late
    jitter_ratio, seed = float(message["jitter_ratio"]), int(message["seed"])
    reason = ""
    try:
        slots = schedule(clock.now_ns(), rate_hz, jitter_ratio, seed)
        sampler.run(slots, stop, lambda: sender.send("ready", fields))
    except OSError as err:
        reason = disk_reason(err)
    ends, failed = sampler.close()
    return ends, reason or failed


def rates(kinds: Kinds, rate_hz: float) -> dict[str, Any]:
    """Kind -> the rate at which it is read."""
    return {kind: rate_hz / slots_per_read(rate_hz, one.max_hz) for kind, one in kinds}


def _open(directory: Path, kinds: Kinds, rate_hz: float, clock: Clock) -> Sampler:
    sources = tuple(
        Source(
            one,
            open_stream(directory, source_stream(kind), clock, source_columns(one.describe())),
            slots_per_read(rate_hz, one.max_hz),
        )
        for kind, one in kinds
    )
    return Sampler(sources, open_stream(directory, TICKS, clock, TICK_COLUMNS), clock)
