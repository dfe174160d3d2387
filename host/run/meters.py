"""Reads the meters on the bench beside the attempts, each in a thread of its own.

Kept as it came, under `data/meters/<instrument>/<n>/`, n for each time that the run was gone on
with: `meter.json` (who it says it is, what was set and read back, its channels),
`source-<instrument>.tsv` (readings on the host's clock), `transcript.tsv` (everything said and
answered). How it ended stands in `end.json`, written last. An instrument that sends samples by
itself has rows and blocks instead of readings (`samples.py`), and says nothing in its transcript.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from agent.spool import Column, SpoolWriter, StreamEnd
from collectors.meters.layout import readings_of, told
from collectors.meters.protocol import FastMeter, Meter, MeterError, SettingError
from collectors.protocol import Clock
from collectors.reading import Channel, Gap, Reading
from host.errors import DeviceError, UsageError
from host.run.folder import write_json
from host.run.samples import SampleWriter

FOLDER = "meters"
# As the agent's sampler names them (agent/sampler.py), so that one reader does for both.
STAMPS = (
    Column("tick", "{count}"),
    Column("due_ns", "ns"),
    Column("t0_ns", "ns"),
    Column("t1_ns", "ns"),
)
WORDS = (Column("t_ns", "ns"), Column("way", "{text}"), Column("bytes", "{escaped}"))
# A meter that says nothing for so long is looked at again; it is no end.
READ_TIMEOUT_S = 1.0
JOIN_TIMEOUT_S = 30.0

Opener = Callable[["KeptTranscript"], Meter | FastMeter]


class KeptTranscript:
    """A `Transcript` as a stream: every byte that was said, those that do not print escaped."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._writer = SpoolWriter(path, path.stem, clock.domain, WORDS)
        self._guard = threading.Lock()

    def sent(self, t_ns: int, data: bytes) -> None:
        self._keep(t_ns, "sent", data)

    def received(self, t_ns: int, data: bytes) -> None:
        self._keep(t_ns, "received", data)

    def close(self) -> StreamEnd:
        with self._guard:
            return self._writer.close()

    def _keep(self, t_ns: int, way: str, data: bytes) -> None:
        text = "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in data)  # noqa: PLR2004 - printable ASCII
        with self._guard:
            self._writer.append((str(t_ns), way, text))


class Sink(Protocol):
    """Where what a meter gives is put. channels: as given on; about: what else is kept."""

    @property
    def channels(self) -> Sequence[Channel]: ...

    @property
    def about(self) -> Mapping[str, Any]: ...

    def take(self) -> None:
        """Wait for the next of it and keep it. Raises MeterError and OSError."""
        ...

    def close(self) -> Sequence[StreamEnd]: ...


class ReadingSink:
    """A line for each set of readings of a meter that is asked."""

    def __init__(self, meter: Meter, folder: Path, name: str, clock: Clock) -> None:
        self.channels, self.about = meter.describe(), dict[str, Any]()
        columns = (*STAMPS, *(Column(c.name, c.unit.value) for c in self.channels))
        stream = f"source-{name}"
        self._meter, self._tick = meter, 0
        self.latest: dict[str, Reading] = {}
        self.gaps: dict[str, Gap] = {}
        self._writer = SpoolWriter(folder / f"{stream}.tsv", stream, clock.domain, columns)

    def take(self) -> None:
        if found := self._meter.read(timeout_s=READ_TIMEOUT_S):
            self._writer.append(_row(self._tick, found))
            self.latest.update({r.channel: r for r in found if isinstance(r, Reading)})
            self.gaps.update({g.channel: g for g in found if isinstance(g, Gap)})
            self._tick += 1

    def close(self) -> Sequence[StreamEnd]:
        return (self._writer.close(),)


class SampleSink:
    """Rows and blocks of a meter that sends by itself."""

    def __init__(self, meter: FastMeter, folder: Path, name: str, clock: Clock) -> None:
        layout = meter.layout
        self.channels = readings_of(layout, meter.describe())
        self.about = {"samples": told(layout)}
        self._meter = meter
        self._writer = SampleWriter(folder, name, layout, clock)

    def take(self) -> None:
        block = self._meter.read(timeout_s=READ_TIMEOUT_S)
        if block is None:
            self._writer.flush()
        else:
            self._writer.add(block)

    def close(self) -> Sequence[StreamEnd]:
        return self._writer.close()


def _sink(meter: Meter | FastMeter, folder: Path, name: str, clock: Clock) -> Sink:
    if isinstance(meter, FastMeter):
        return SampleSink(meter, folder, name, clock)
    return ReadingSink(meter, folder, name, clock)


@dataclass(slots=True)
class Recorder:
    """One meter from `begin` to `end`. failed: "" or why it gives nothing any more.

    cpu_s: what the reading thread took of a core, known once it ended.
    """

    name: str
    meter: Meter | FastMeter
    folder: Path
    transcript: KeptTranscript
    clock: Clock
    failed: str = ""
    cpu_s: float = 0.0
    _sink: Sink | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, about: Mapping[str, Any]) -> None:
        """Range, set, read back, then read in a thread. Raises DeviceError."""
        try:
            settings = self.meter.begin()
        except MeterError as err:
            raise DeviceError(self.name, err.what) from err
        self._sink = sink = _sink(self.meter, self.folder, self.name, self.clock)
        write_json(
            self.folder / "meter.json",
            {
                **about,
                "identity": asdict(self.meter.identity),
                "settings": [asdict(one) for one in settings],
                "channels": [{**asdict(c), "kind_of_source": "meter"} for c in sink.channels],
                **sink.about,
            },
        )
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop reading, put back what was set, and state what was kept."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT_S)
        settings: Sequence[Any] = ()
        try:
            settings = self.meter.end()
        except MeterError as err:
            self.failed = self.failed or err.what
        self.meter.close()
        ends = [*self._kept(), self.transcript.close()]
        write_json(
            self.folder / "end.json",
            {
                "failed": self.failed,
                "settings": [asdict(one) for one in settings],
                "streams": [asdict(one) for one in ends],
                "cpu_s": round(self.cpu_s, 3),
            },
        )

    def latest(self, channel: str) -> Reading | None:
        """The newest reading; None before the first, and of a meter that sends samples."""
        return self._sink.latest.get(channel) if isinstance(self._sink, ReadingSink) else None

    def last_gap(self, channel: str) -> Gap | None:
        """The newest gap; None where there was none."""
        return self._sink.gaps.get(channel) if isinstance(self._sink, ReadingSink) else None

    def _run(self) -> None:
        try:
            self._read()
        except MeterError as err:
            self.failed = err.what
        except OSError as err:
            self.failed = f"what it says cannot be kept: {err.strerror or err}"
        self.cpu_s = time.thread_time()

    def _read(self) -> None:
        while not self._stop.is_set() and self._sink is not None:
            self._sink.take()

    def _kept(self) -> Sequence[StreamEnd]:
        """What stands on the disk; a last line that finds no room is the failure."""
        if self._sink is None:
            return ()
        try:
            return self._sink.close()
        except OSError as err:
            self.failed = self.failed or f"what it says cannot be kept: {err.strerror or err}"
            return ()


def _row(tick: int, found: Sequence[Reading | Gap]) -> tuple[str, ...]:
    """One line with the stamps around a set. A meter has no slots: it is due when it comes."""
    stamps = [(r.t0_ns, r.t1_ns) if isinstance(r, Reading) else (r.t_ns, r.t_ns) for r in found]
    t0_ns, t1_ns = min(t0 for t0, _ in stamps), max(t1 for _, t1 in stamps)
    return (str(tick), str(t0_ns), str(t0_ns), str(t1_ns), *map(_field, found))


def _field(one: Reading | Gap) -> str:
    return "!" + " ".join(one.reason.split()) if isinstance(one, Gap) else repr(one.value)


@contextmanager
def recording(
    data: Path, openers: Mapping[str, tuple[Opener, Mapping[str, Any]]], clock: Clock
) -> Iterator[tuple[Recorder, ...]]:
    """Every meter is open and read inside.

    openers: instrument -> how to open it, and what is kept beside what it says. Raises DeviceError
    for one that cannot be had, UsageError for one whose settings are wrong; the others are closed
    then.
    """
    with ExitStack() as open_ones:
        found = []
        for name, (opener, about) in openers.items():
            place = _next(data / FOLDER / name)
            transcript = KeptTranscript(place / "transcript.tsv", clock)
            try:
                meter = opener(transcript)
            except SettingError as err:
                transcript.close()
                raise UsageError(f"instrument {name}", err.what) from err
            except MeterError as err:
                transcript.close()
                raise DeviceError(name, err.what) from err
            recorder = Recorder(name, meter, place, transcript, clock)
            open_ones.callback(recorder.end)
            recorder.begin(about)
            found.append(recorder)
        yield tuple(found)


def _next(folder: Path) -> Path:
    """A new folder `1`, `2` and so on."""
    number = 1 + len(list(folder.glob("[0-9]*")))
    place = folder / str(number)
    place.mkdir(parents=True)
    return place
