"""Recordings for the replay engine: a JSON file, or what an attempt left in its folder.

JSON: `{"recording": 1, "load_ns", "pieces": {id: text}, "requests": [{"prefill_ns",
"end_ns", "stop_reason", "tokens": [[ready_ns, t_ns, id], ...]}], "faults": [{"do", "request",
"token"}]}`. Spans are ns after `prefill_start` of their request. `do`: `hang`, `crash` (signal
11), `exit` (status 3), `out-of-memory`, `error`; without `request` it happens at load, else
before that token (0 when not named).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.engines.base import EngineError
from agent.spool import SpoolFile, SpoolFormatError, read_spool
from agent.wire import WireError, strict_json

FORMAT = 1
FAULTS = frozenset({"hang", "crash", "exit", "out-of-memory", "error"})


@dataclass(frozen=True, slots=True)
class RecordedToken:
    """Stamps in ns after `prefill_start`, and the token id."""

    ready_ns: int
    t_ns: int
    token: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request; spans in ns after its `prefill_start`."""

    prefill_ns: int
    end_ns: int
    stop_reason: str
    tokens: tuple[RecordedToken, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What shall go wrong, in which request (None: at load) and before which token."""

    do: str
    request: int | None
    token: int


@dataclass(frozen=True, slots=True)
class Recording:
    """What is replayed."""

    load_ns: int
    requests: tuple[Recorded, ...]
    pieces: Mapping[int, bytes]
    faults: tuple[Fault, ...] = ()


def load_recording(path: Path) -> Recording:
    """Raises EngineError `bad-model` when it is none."""
    try:
        if path.is_dir():
            streams = (read_spool((path / f"{name}.tsv").read_bytes()) for name in _STREAMS)
            return from_streams(*streams)
        return parse_recording(strict_json(path.read_bytes()))
    except (OSError, WireError, SpoolFormatError, LookupError, TypeError, ValueError) as err:
        raise EngineError("bad-model", f"{path.name} is no recording: {err!r}") from err


def parse_recording(found: Mapping[str, Any]) -> Recording:
    """Raises LookupError, TypeError or ValueError when it is none."""
    if found["recording"] != FORMAT:
        raise ValueError(f"recording format {found['recording']!r}, {FORMAT} is read here")
    requests = tuple(_recorded(one) for one in found["requests"])
    if not requests:
        raise ValueError("no request is recorded")
    return Recording(
        int(found.get("load_ns", 0)),
        requests,
        {int(token): text.encode() for token, text in found.get("pieces", {}).items()},
        tuple(_fault(one) for one in found.get("faults", ())),
    )


def from_streams(events: SpoolFile, tokens: SpoolFile) -> Recording:
    """The recording of an attempt from its events and tokens."""
    named: dict[int, dict[str, tuple[int, Mapping[str, Any]]]] = {}
    once: dict[str, int] = {}
    for line in events.lines:
        t_ns, name, args = (
            int(line.fields[0]),
            line.fields[1],
            strict_json(line.fields[2].encode()),
        )
        once.setdefault(name, t_ns)
        if "request" in args:
            named.setdefault(int(args["request"]), {})[name] = (t_ns, args)
    ended = {number: marks for number, marks in named.items() if "request_end" in marks}
    requests = tuple(_from_marks(n, marks, tokens) for n, marks in sorted(ended.items()))
    if not requests:
        raise ValueError("no request ran to its end")
    sizes = {int(line.fields[4]): int(line.fields[5]) for line in tokens.lines}
    pieces = {token: b"?" * size for token, size in sizes.items()}
    return Recording(once["load_end"] - once["load_start"], requests, pieces)


_STREAMS = ("events", "tokens")


def _from_marks(
    number: int, marks: Mapping[str, tuple[int, Mapping[str, Any]]], tokens: SpoolFile
) -> Recorded:
    start_ns, end = marks["prefill_start"][0], marks["request_end"]
    rows = [line.fields for line in tokens.lines if int(line.fields[0]) == number]
    made = tuple(
        RecordedToken(int(row[2]) - start_ns, int(row[3]) - start_ns, int(row[4])) for row in rows
    )
    prefill_ns = marks["prefill_end"][0] - start_ns
    return Recorded(prefill_ns, end[0] - start_ns, str(end[1]["stop_reason"]), made)


def _recorded(one: Mapping[str, Any]) -> Recorded:
    tokens = tuple(RecordedToken(*(int(n) for n in token)) for token in one["tokens"])
    stop_reason = str(one.get("stop_reason", "length"))
    return Recorded(int(one["prefill_ns"]), int(one.get("end_ns", 0)), stop_reason, tokens)


def _fault(one: Mapping[str, Any]) -> Fault:
    if one["do"] not in FAULTS:
        raise ValueError(f"{one['do']!r} is none of {', '.join(sorted(FAULTS))}")
    request = one.get("request")
    return Fault(
        str(one["do"]), None if request is None else int(request), int(one.get("token", 0))
    )
