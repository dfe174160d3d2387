"""Reads the meters on the bench beside the attempts, each in a thread of its own.

Kept as it came, under `data/meters/<instrument>/<n>/`, n for each time that the run was gone on
with: `meter.json` (who it says it is, what was set and read back, its channels),
`source-<instrument>.tsv` (readings on the host's clock), `transcript.tsv` (everything said and
answered). How it ended stands in `end.json`, written last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.spool import Column, SpoolWriter, StreamEnd
from collectors.meters.protocol import Meter, MeterError
from collectors.protocol import Clock
from collectors.reading import Gap, Reading
from host.errors import DeviceError
from host.run.folder import write_json

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

Opener = Callable[["KeptTranscript"], Meter]


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


@dataclass(slots=True)
class Recorder:
    """One meter from `begin` to `end`. failed: "" or why it gives nothing any more."""

    name: str
    meter: Meter
    folder: Path
    transcript: KeptTranscript
    clock: Clock
    failed: str = ""
    _writer: SpoolWriter | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, about: Mapping[str, Any]) -> None:
        """Range, set, read back, then read in a thread. Raises DeviceError."""
        try:
            settings = self.meter.begin()
        except MeterError as err:
            raise DeviceError(self.name, err.what) from err
        channels = self.meter.describe()
        write_json(
            self.folder / "meter.json",
            {
                **about,
                "identity": asdict(self.meter.identity),
                "settings": [asdict(one) for one in settings],
                "channels": [{**asdict(c), "kind_of_source": "meter"} for c in channels],
            },
        )
        columns = (*STAMPS, *(Column(c.name, c.unit.value) for c in channels))
        stream = f"source-{self.name}"
        self._writer = SpoolWriter(
            self.folder / f"{stream}.tsv", stream, self.clock.domain, columns
        )
        self._thread = threading.Thread(target=self._run, name=stream, daemon=True)
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
        ends = [w.close() for w in (self._writer, self.transcript) if w is not None]
        write_json(
            self.folder / "end.json",
            {
                "failed": self.failed,
                "settings": [asdict(one) for one in settings],
                "streams": [asdict(one) for one in ends],
            },
        )

    def _run(self) -> None:
        try:
            self._read()
        except MeterError as err:
            self.failed = err.what
        except OSError as err:
            self.failed = f"what it says cannot be kept: {err.strerror or err}"

    def _read(self) -> None:
        tick = 0
        while not self._stop.is_set():
            found = self.meter.read(timeout_s=READ_TIMEOUT_S)
            if found and self._writer is not None:
                self._writer.append(_row(tick, found))
                tick += 1


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
    for one that cannot be had; the others are closed then.
    """
    with ExitStack() as open_ones:
        found = []
        for name, (opener, about) in openers.items():
            place = _next(data / FOLDER / name)
            transcript = KeptTranscript(place / "transcript.tsv", clock)
            try:
                meter = opener(transcript)
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
