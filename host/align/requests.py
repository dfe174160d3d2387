"""Puts events and tokens of one attempt together into request traces. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.spool import SpoolFile
from agent.wire import strict_json
from host.handover.answered import Answered
from host.handover.trace import RequestTrace, StatedRun, TokenTrace, Window

TOKEN_COLUMNS = ("request", "index", "ready_ns", "t_ns", "token", "size_bytes")
# Far beyond any clock; differences of two such stamps are 64-bit integers still.
LAST_NS = 1 << 62


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the events stream."""

    t_ns: int
    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Did:
    """What an engine did in one attempt.

    stated: what a native runner says of itself. answers: the texts that it gave. misfit: how its
    output does not fit its description, with lines of it; "" where it does.
    """

    requests: tuple[RequestTrace, ...]
    load: Window | None
    stated: tuple[StatedRun, ...] = ()
    misfit: str = ""
    answers: tuple[Answered, ...] = ()


def events_of(stream: SpoolFile | None) -> tuple[Event, ...]:
    """The events of an attempt in the order written. Raises ValueError for a time that is none."""
    if stream is None:
        return ()
    t, name, args = (stream.index(c) for c in ("t_ns", "event", "args"))
    return tuple(
        Event(moment(s.fields[t]), s.fields[name], strict_json(s.fields[args].encode()))
        for s in stream.lines
    )


def moment(text: str) -> int:
    """A stamp in ns. Raises ValueError for one that no clock shows."""
    found = int(text)
    if abs(found) >= LAST_NS:
        raise ValueError(f"{text[:40]} ns is beyond every clock")
    return found


def window_of(events: Sequence[Event], start: str, end: str) -> Window | None:
    """The window between two events, None unless both happened."""
    starts = [e.t_ns for e in events if e.name == start]
    ends = [e.t_ns for e in events if e.name == end]
    return Window(starts[0], ends[0]) if starts and ends else None


def load_late_of(events: Sequence[Event]) -> int:
    """How much earlier than its stamp a load may have ended, ns: of servers, which are asked."""
    loads = window_of(events, "load_start", "load_end")
    found = [int(e.args.get("late_ns", 0)) for e in events if e.name == "load_end"]
    if loads is None or not found:
        return 0
    if found[0] < 0:
        raise ValueError(f"a load is late by {found[0]} ns")
    return min(found[0], loads.end_ns - loads.start_ns)


def resident_of(events: Sequence[Event]) -> float | None:
    """Share of the model's pages that stayed in memory before a cold load; None of other loads."""
    found = [e.args["resident_after"] for e in events if e.name == "page_cache"]
    if not found:
        return None
    share = float(found[-1])
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is no share of pages")
    return share


def requests_of(
    events: Sequence[Event], tokens: SpoolFile | None, requested: Mapping[str, int]
) -> tuple[RequestTrace, ...]:
    """The requests that ran to their end; one that was cut off is not among them.

    requested: item -> output tokens that the plan asks for.
    """
    by_request = _tokens_by_request(tokens)
    return tuple(
        _request(number, named, by_request.get(number, NO_TOKENS), requested)
        for number, named in ended_requests(events)
    )


def ended_requests(events: Sequence[Event]) -> list[tuple[int, Mapping[str, Event]]]:
    """(number, event by its name) of the requests that ran to their end, in order."""
    found: dict[int, dict[str, Event]] = {}
    for event in events:
        if "request" in event.args:
            found.setdefault(int(event.args["request"]), {})[event.name] = event
    return [(number, named) for number, named in sorted(found.items()) if "request_end" in named]


def _empty() -> TokenTrace:
    none = np.zeros(0, dtype=np.int64)
    return TokenTrace(none, none, none, none)


NO_TOKENS = _empty()


def _request(
    number: int,
    named: Mapping[str, Event],
    tokens: TokenTrace,
    requested: Mapping[str, int],
) -> RequestTrace:
    start, end, tokenized = (named[n] for n in ("request_start", "request_end", "tokenized"))
    kept = int(tokenized.args.get("kept_tokens", 0))
    if not 0 <= kept < int(tokenized.args["prompt_tokens"]):
        raise ValueError(f"{kept} tokens kept of a prompt that is no longer")
    return RequestTrace(
        number=number,
        item=str(start.args["item"]),
        warmup=bool(start.args["warmup"]),
        scheduled_ns=int(start.args["scheduled_ns"]),
        start_ns=start.t_ns,
        tokenized_ns=tokenized.t_ns,
        prefill=Window(named["prefill_start"].t_ns, named["prefill_end"].t_ns),
        end_ns=end.t_ns,
        prompt_tokens=int(tokenized.args["prompt_tokens"]) - kept,
        requested_tokens=requested[str(start.args["item"])],
        stated_tokens=int(end.args["output_tokens"]),
        stop_reason=str(end.args["stop_reason"]),
        tokens=tokens,
        turn=int(tokenized.args.get("turn", 0)),
        kept_tokens=kept,
        streams=int(start.args.get("streams", 0)),
        stream=int(start.args.get("stream", 0)),
    )


def _tokens_by_request(stream: SpoolFile | None) -> dict[int, TokenTrace]:
    if stream is None or not stream.lines:
        return {}
    columns = [stream.index(name) for name in TOKEN_COLUMNS]
    table = np.array(
        [[int(s.fields[c]) for c in columns] for s in stream.lines], dtype=np.int64
    ).reshape(-1, len(columns))
    found = {}
    for number in np.unique(table[:, 0]):
        rows = table[table[:, 0] == number]
        if not np.array_equal(rows[:, 1], np.arange(len(rows))):
            raise ValueError(f"the tokens of request {number} are not numbered from 0 on")
        found[int(number)] = TokenTrace(rows[:, 2], rows[:, 3], rows[:, 4], rows[:, 5])
    return found
