"""The sampler's own process: reads all sources in slots until its input ends.

One line in (`sample`), then `ready` and, after the input's end or SIGTERM, `end` out. All
sources are read one after the other in a slot; lines are written once a second, together.
"""

from __future__ import annotations

import gc
import math
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.pacing import Schedule, schedule, slots_per_read
from agent.pipes import Sender, claim_stdout, listen, read_lines
from agent.sources import Kinds, opened
from agent.spool import SpoolWriter, StreamEnd
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
from collectors.protocol import Clock, Collector
from collectors.reading import Gap, Reading

# A read that takes more CPU time than this makes its source rest, so that it stays below
# 1/REST_FACTOR of a core: the PSS split of a model of 620 MB took 12 ms, and it grows with the
# model. While it rests its slots are gaps that say so. Reads that block without computing (i2c)
# do not count.
COSTLY_NS = 1_000_000
REST_FACTOR = 1000
# Lines wait in memory this long: a write for each read of each source would double the cost.
FLUSH_NS = 1_000_000_000


class Waiter(Protocol):
    """Waits, and says whether the end has come meanwhile (`threading.Event` is one)."""

    def wait(self, timeout: float | None = None) -> bool: ...


@dataclass(slots=True)
class Source:
    """One collector, its stream, every how many slots it is read, and lines not yet written.

    cpu_ns: CPU time of this thread so far.
    """

    collector: Collector
    writer: SpoolWriter
    every: int
    rows: list[tuple[str, ...]] = field(default_factory=list)
    cpu_ns: Callable[[], int] = time.thread_time_ns
    rests_until_ns: int = 0

    def read(self, slot: int, due_ns: int, clock: Clock) -> None:
        t0_ns, cpu0_ns = clock.now_ns(), self.cpu_ns()
        if t0_ns < self.rests_until_ns:
            reason = "resting: reading it costs too much of the device"
            found: tuple[Reading | Gap, ...] = tuple(
                Gap(c.name, t0_ns, reason) for c in self.collector.describe()
            )
            t1_ns = t0_ns
        else:
            found = self.collector.read()
            t1_ns, cost_ns = clock.now_ns(), self.cpu_ns() - cpu0_ns
            if cost_ns > COSTLY_NS:
                self.rests_until_ns = t1_ns + cost_ns * REST_FACTOR
        stamps = (str(slot // self.every), str(due_ns), str(t0_ns), str(t1_ns))
        self.rows.append((*stamps, *map(field_of, found)))

    def flush(self) -> None:
        rows, self.rows = self.rows, []
        self.writer.extend(rows)

    def close(self) -> StreamEnd:
        self.collector.close()
        try:
            self.flush()
        finally:
            end = self.writer.close()
        return end


def field_of(one: Reading | Gap) -> str:
    """A reading as a number, a gap as `!` and its reason on one line."""
    if isinstance(one, Gap):
        return "!" + " ".join(one.reason.split())
    value = one.value
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
        slot, flush_ns = 0, slots.start_ns
        while not stop.wait((slots.due_ns(slot) - self.clock.now_ns()) * 1e-9):
            due_ns = slots.due_ns(slot)
            for source in self.sources:
                if slot % source.every == 0:
                    source.read(slot, due_ns, self.clock)
            if slot == 0:
                begun()
            now_ns = self.clock.now_ns()
            if now_ns >= flush_ns:
                flush_ns = max(now_ns, flush_ns + FLUSH_NS)
                self.flush()
                now_ns = self.clock.now_ns()
            slot = slots.next_slot(slot, now_ns)

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
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    listen(0, lambda _: None, stop.set)
    ends, reason = _sample(message, sender, stop)
    fields = {"streams": [end_fields(end) for end in ends], "reason": reason}
    sender.send("end", fields)
    sys.stderr.flush()
    return 0


def _sample(
    message: Message, sender: Sender, stop: threading.Event
) -> tuple[list[StreamEnd], str]:
    clock, rate_hz = device_clock(), float(message["rate_hz"])
    try:
        kinds, fields = opened(clock, int(message["pid"]), message["kinds"])
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
