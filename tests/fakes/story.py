"""Whole run folders from plain data: a legal story, changed by a test, written and sealed.

Every stream gets true sequence numbers, CRCs and final counts, and the seal is a true one: what is
wrong in such a folder is wrong in its content, as a careful forger would leave it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from agent.spool import Column, SpoolWriter
from host.artefacts.datasets.dataset import order_ids
from host.run.folder import RunFolder, write_bytes, write_json
from host.run.seal import seal
from tests.fakes.records import DEVICE, sample_plan

CLOCK = "monotonic_raw@00000000-0000-0000-0000-000000000001"
EVENT_COLUMNS = (("t_ns", "ns"), ("event", "{text}"), ("args", "{json}"))
TOKEN_COLUMNS = (
    ("request", "{count}"),
    ("index", "{count}"),
    ("ready_ns", "ns"),
    ("t_ns", "ns"),
    ("token", "{token}"),
    ("size_bytes", "By"),
)
STAMP_COLUMNS = (("tick", "{count}"), ("due_ns", "ns"), ("t0_ns", "ns"), ("t1_ns", "ns"))
PING_COLUMNS = tuple((f"t{i}_ns", "ns") for i in range(1, 5))
JOURNAL_COLUMNS = (("t_ns", "ns"), ("wall", "{rfc3339}"), ("event", "{text}"), ("args", "{json}"))
CHANNELS: tuple[dict[str, Any], ...] = (
    {"name": "memory.available", "unit": "KiBy", "kind": "instant", "quantity": "memory"},
    {
        "name": "thermal.zone0.temperature",
        "unit": "mCel",
        "kind": "instant",
        "quantity": "temperature",
        "resolution": 1000,
    },
    {"name": "process.peak", "unit": "KiBy", "kind": "peak", "quantity": "memory"},
    {
        "name": "rapl.package-0.energy",
        "unit": "uJ",
        "kind": "counter",
        "quantity": "energy",
        "tier": "B",
        "wraps_at": 262_143_328_850,
        "resolution": 61,
    },
)


@dataclass(slots=True)
class Stream:
    """A stream before it is written: its columns and its rows of texts."""

    columns: tuple[tuple[str, str], ...]
    rows: list[list[str]]
    clock: str = CLOCK


@dataclass(slots=True)
class Attempt:
    """An attempt before it is written."""

    stated: dict[str, Any]
    streams: dict[str, Stream]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a legal run is. step_ns: between two tokens; every other time follows from it."""

    attempts: int
    items: int
    tokens: int
    warmups: int
    step_ns: int
    readings: int


# Nothing may be less: one attempt, one request, two tokens a microsecond apart.
SHORTEST = Length(attempts=1, items=1, tokens=2, warmups=0, step_ns=1_000, readings=2)
# Two attempts, as rules about pairs need them.
PAIR = Length(attempts=2, items=1, tokens=2, warmups=0, step_ns=1_000, readings=2)
# Three days: a decode step of minutes, slower than large models on small devices. Some hundred of
# them are written and read, so lines are no more than rules tell apart.
LONGEST = Length(attempts=3, items=3, tokens=100, warmups=2, step_ns=240_000_000_000, readings=100)


@dataclass(slots=True)
class Story:
    """Everything that is written under `data/`, by file; attempts by number."""

    files: dict[str, Any]
    streams: dict[str, Stream]
    attempts: dict[int, Attempt]
    extra: dict[str, bytes] = field(default_factory=dict)
    # False: the journal is written as it is, and says nothing of attempts by itself.
    journalled: bool = True

    def write(self, root: Path) -> RunFolder:
        """Write and seal it; record and page are not made."""
        folder = RunFolder(root)
        (folder.data / "attempts").mkdir(parents=True)
        for name, value in self.files.items():
            write_json(folder.data / name, value)
        for name, raw in self.extra.items():
            (folder.data / name).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(folder.data / name, raw)
        if self.journalled:
            note_attempts(self)
        for name, stream in self.streams.items():
            _write(folder.data, name, stream)
        for number, attempt in self.attempts.items():
            place = folder.attempt(number)
            place.mkdir()
            ends = [_write(place, name, stream) for name, stream in attempt.streams.items()]
            write_json(place / "attempt.json", {**attempt.stated, "streams": ends})
        seal(folder, made_by="test")
        return folder


def note_attempts(story: Story) -> None:
    """Write into the journal, once, what the host would have noted of the attempts."""
    story.journalled = False
    first, *rest = story.streams["journal"].rows
    lines = []
    for number, attempt in story.attempts.items():
        if "events" in attempt.streams:
            stamps = [int(row[0]) for row in attempt.streams["events"].rows]
            begun = {"number": number}
            ended = {**begun, "status": attempt.stated["status"]}
            lines.append(_noted(min(stamps), "attempt_start", begun))
            lines.append(_noted(max(stamps), "attempt_end", ended))
    story.streams["journal"].rows = [first, *lines, *rest]


def _noted(t_ns: int, event: str, said: dict[str, Any]) -> list[str]:
    return [str(t_ns), _wall(t_ns), event, msgspec.json.encode(said).decode()]


def legal(length: Length) -> Story:
    """A run that breaks no rule."""
    plan = _plan(length)
    end_ns = 1_000_000_000
    attempts: dict[int, Attempt] = {}
    for number in range(1, length.attempts + 1):
        attempts[number], end_ns = _attempt(plan, length, number, end_ns + 2_000_000_000)
    journal = Stream(JOURNAL_COLUMNS, [])
    for t_ns, event in ((1_000_000_000, "run_start"), (end_ns + 10**9, "run_end")):
        journal.rows.append([str(t_ns), _wall(t_ns), event, "{}"])
    pings = [[str(10**9 + 1000 * i + d) for d in (0, 300, 400, 700)] for i in range(16)]
    return Story(
        files={
            "run.json": {"id": "0" * 32},
            "plan.json": plan,
            "session.json": {
                "clock": {"domain": CLOCK, "name": "monotonic_raw", "resolution_ns": 1},
                "launch": {"transport": "local"},
            },
            "sources.json": {"channels": _channels(), "absent": [], "probes": {}},
            "device-before.json": DEVICE,
            "device-after.json": DEVICE,
        },
        streams={"journal": journal, "clock-before-001": Stream(PING_COLUMNS, pings)},
        attempts=attempts,
    )


def _plan(length: Length) -> dict[str, Any]:
    """The sample's plan with the items of this length."""
    plan: dict[str, Any] = msgspec.to_builtins(sample_plan(length.attempts))
    plan["plan"]["run"] |= {
        "warmups": length.warmups,
        "idle_before_s": 0.0,
        "idle_after_s": 0.0,
        "output_tokens": length.tokens,
    }
    plan["requests"] = [
        {
            "item": f"item-{i}",
            "text": f"text {i}",
            "prompt_tokens": 8,
            "output_tokens": length.tokens,
        }
        for i in range(length.items)
    ]
    return plan


def _channels() -> list[dict[str, Any]]:
    return [{"kind_of_source": c["name"].partition(".")[0], "tier": "", **c} for c in CHANNELS]


def _wall(t_ns: int) -> str:
    """A label that goes with the monotonic clock, from the first day of 2026 on."""
    days, rest = divmod(t_ns // 1_000_000, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    return f"2026-01-{1 + days:02d}T{hours:02d}:{rest // 60_000:02d}:{rest % 60_000 / 1e3:06.3f}Z"


def _attempt(plan: dict[str, Any], length: Length, number: int, t_ns: int) -> tuple[Attempt, int]:
    """One attempt that loads at t_ns, and when it ended."""
    step = length.step_ns
    names = order_ids(
        [r["item"] for r in plan["requests"]], plan["plan"]["run"]["seed"], attempt=number
    )
    asked = [(names[i % len(names)], True) for i in range(length.warmups)]
    asked += [(name, False) for name in names]
    events = [_event(t_ns, "load_start"), _event(t_ns + step, "load_end")]
    tokens: list[list[str]] = []
    start_ns, now = t_ns, t_ns + 2 * step
    for place, (item, warmup) in enumerate(asked):
        now = _request(events, tokens, _Asked(place, item, warmup, now, number), length)
    streams = {
        "events": Stream(EVENT_COLUMNS, events),
        "tokens": Stream(TOKEN_COLUMNS, tokens),
    }
    streams |= _sources(start_ns - step, now + step, length.readings, number)
    stated = {
        "status": "valid",
        "reason": "",
        "engine": {"name": "llama.cpp", "model": {"n_vocab": 4096}, "settings": {"n_threads": 8}},
        "sources": {"channels": _channels(), "absent": []},
    }
    return Attempt(stated, streams), now + 2 * step


@dataclass(frozen=True, slots=True)
class _Asked:
    place: int
    item: str
    warmup: bool
    t_ns: int
    attempt: int


def _request(
    events: list[list[str]], tokens: list[list[str]], asked: _Asked, length: Length
) -> int:
    """Append one request; gives when the next one may start. No two attempts are alike."""
    step, t, n = length.step_ns, asked.t_ns, {"request": asked.place}
    start = {**n, "item": asked.item, "warmup": asked.warmup, "scheduled_ns": t}
    events.append(_event(t + 10, "request_start", start))
    events.append(_event(t + 20, "tokenized", {**n, "prompt_tokens": 8}))
    events.append(_event(t + 30, "prefill_start", n))
    ready = t + 30 + step
    events.append(_event(ready, "prefill_end", n))
    for index in range(length.tokens):
        chosen = ready + 5
        row = (asked.place, index, ready, chosen, 1000 + index, 4)
        tokens.append([str(x) for x in row])
        ready = chosen + step + (index * 7 + asked.attempt * 13) % 11
    end = {**n, "stop_reason": "length", "output_tokens": length.tokens}
    # No two requests take the same time either.
    events.append(_event(ready + step + asked.place, "request_end", end))
    return ready + 2 * step


def _sources(start_ns: int, end_ns: int, readings: int, number: int) -> dict[str, Stream]:
    """One stream for each source, over the whole attempt."""
    streams: dict[str, Stream] = {}
    for channel in CHANNELS:
        name = str(channel["name"])
        rows = []
        for i in range(readings):
            t0 = start_ns + (end_ns - start_ns) * i // (readings - 1)
            value = {"instant": 45_000 + i % 3, "peak": 90_000, "counter": number * 10**6 + i * 61}
            row = (i, t0, t0, t0 + 100, value[str(channel["kind"])])
            rows.append([str(x) for x in row])
        columns = (*STAMP_COLUMNS, (name, str(channel["unit"])))
        streams[f"source-{name.partition('.')[0]}"] = Stream(columns, rows)
    return streams


def _event(t_ns: int, name: str, args: dict[str, Any] | None = None) -> list[str]:
    return [str(t_ns), name, msgspec.json.encode(args or {}).decode()]


def _write(place: Path, name: str, stream: Stream) -> dict[str, Any]:
    columns = [Column(n, u) for n, u in stream.columns]
    writer = SpoolWriter(place / f"{name}.tsv", name, stream.clock, columns)
    writer.extend(stream.rows)
    end = writer.close()
    return {
        "stream": end.stream,
        "lines": end.lines,
        "size_bytes": end.size_bytes,
        "sha256": end.sha256,
    }
