"""Requests and tokens out of what a native runner printed, line by stamped line. Pure.

The agent stamped each line when it came; a runner may print its own time in it as well. Then the
runner's times are taken, carried to the device's clock by the least that any of its lines was
late: what lies between print and stamp (a pipe, `tee`, a shell that reads) is never in a rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from host.align.printed import MismatchError, Printed, Process, processes
from host.align.requests import Did, Event
from host.handover.pattern import Match, Pattern, compiled
from host.handover.runner import STAMP_NS
from host.handover.trace import IntArray, RequestTrace, TokenTrace, Window

# What a runner's clock may be off: 500 ppm, the most that a kernel slews (adjtimex(2)).
CLOCK_RATIO = 5e-4
# Of a token count, or of a part of a stamp: nanoseconds of 30 years.
MAX_COUNT_DIGITS = 18


@dataclass(frozen=True, slots=True)
class _Line:
    t_ns: int
    text: str


@dataclass(frozen=True, slots=True)
class _Run:
    """One process of the runner, and its lines on the device's clock."""

    process: Process
    lines: tuple[_Line, ...]

    @property
    def number(self) -> int:
        return self.process.number

    @property
    def start_ns(self) -> int:
        return self.process.window.start_ns

    @property
    def end_ns(self) -> int:
        return self.process.window.end_ns


def _array(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


NO_IDS = _array([])
_Found = tuple[_Line, Mapping[str, int]]


def native_attempt(
    events: Sequence[Event],
    log: bytes,
    settings: Mapping[str, Any],
    requested: Mapping[str, int],
    *,
    cut: bool = False,
) -> Did:
    """Everything that the log of one attempt tells.

    settings: `lines` of a `host.handover.runner.Runner`. requested: item -> output
    tokens of the plan. cut: the attempt did not come to its end, so that a process which was
    killed with it may have left half a request, which is none. Raises ValueError where log and
    events do not fit, MismatchError where a log lacks what the expressions look for.
    """
    patterns = {
        name: compiled(pattern)
        for name, pattern in (settings.get("lines") or {}).items()
        if pattern is not None
    }
    runs = tuple(_run(process, patterns.get("stamp")) for process in processes(events, log))
    return Did(
        requests=tuple(_requests(runs, patterns, requested, cut=cut)),
        load=_load(runs[0], patterns.get("load_end")) if runs else None,
    )


def _run(process: Process, stamp: Pattern | None) -> _Run:
    try:
        lines = _on_device_clock(process.lines, stamp, process.window)
    except ValueError as err:
        raise MismatchError(f"{err} (run {process.number})", process.texts()) from err
    return _Run(process, tuple(lines))


def _on_device_clock(
    printed: Sequence[Printed], stamp: Pattern | None, run: Window
) -> list[_Line]:
    """The lines with the runner's own times where it tells them, else with the agent's.

    A line is stamped after it was printed, and the last one was printed before the process was
    seen to have ended: the runner began its count by the smallest of these differences, and not
    before its process. Raises ValueError where no moment fits both.
    """
    if stamp is None:
        return [_Line(one.t_ns, one.text) for one in printed if one.t_ns is not None]
    own = [_own_ns(stamp, one.text) for one in printed]
    told = [ns for ns in own if ns is not None]
    delays = [
        one.t_ns - ns
        for one, ns in zip(printed, own, strict=True)
        if ns is not None and one.t_ns is not None
    ]
    if not delays:
        raise ValueError("no stamped line has a time of the runner")
    zero_ns = min(*delays, run.end_ns - told[-1])
    if zero_ns < run.start_ns - CLOCK_RATIO * (run.end_ns - run.start_ns):
        raise ValueError("the runner's times do not fit those of its process")
    if told != sorted(told):
        raise ValueError("the runner's times go backwards")
    return [
        _Line(zero_ns + ns, one.text)
        for one, ns in zip(printed, own, strict=True)
        if ns is not None
    ]


def _own_ns(stamp: Pattern, text: str) -> int | None:
    found = stamp.search(text)
    if found is None:
        return None
    return sum(count * STAMP_NS[name] for name, count in _counts(found).items())


def _requests(
    runs: Sequence[_Run],
    patterns: Mapping[str, Pattern],
    requested: Mapping[str, int],
    *,
    cut: bool,
) -> Iterator[RequestTrace]:
    for run in runs:
        try:
            yield _request(run, patterns, requested[run.process.item])
        except ValueError as err:
            if not cut or run.process.status == 0:
                raise MismatchError(str(err), run.process.texts()) from err


def _request(run: _Run, patterns: Mapping[str, Pattern], requested: int) -> RequestTrace:
    start, told = _first(run, patterns["start"], run.start_ns, "start")
    prefill, more = _first(run, patterns["prefill_start"], start.t_ns, "prefill_start")
    told_ns, last = _end(run, patterns.get("end"))
    counted = {**told, **more, **last}
    if "prompt_tokens" not in counted:
        raise ValueError(f"run {run.number} does not say how many tokens its prompt has")
    tokens = _tokens(run, patterns, prefill.t_ns)
    if "steps" in counted and counted["steps"] + 1 != len(tokens):
        raise ValueError(f"run {run.number} shows {len(tokens)} tokens, its count is another")
    if told_ns is None and len(tokens) < requested and "end" in patterns:
        raise ValueError(f"the log of run {run.number} breaks off after {len(tokens)} tokens")
    made = min(len(tokens), requested)
    end_ns = run.end_ns if told_ns is None else told_ns
    if made and (told_ns is None or len(tokens) > made):  # lost, or the end of spare tokens
        end_ns = int(tokens.t_ns[made - 1])
    return RequestTrace(
        number=run.number,
        item=run.process.item,
        warmup=run.process.warmup,
        scheduled_ns=start.t_ns,
        start_ns=start.t_ns,
        tokenized_ns=prefill.t_ns,
        prefill=Window(prefill.t_ns, int(tokens.ready_ns[0]) if made else end_ns),
        end_ns=end_ns,
        prompt_tokens=counted["prompt_tokens"],
        requested_tokens=requested,
        stated_tokens=made,
        stop_reason="length" if made >= requested else "end-of-text",
        tokens=TokenTrace(tokens.ready_ns[:made], tokens.t_ns[:made], NO_IDS, NO_IDS),
    )


def _first(run: _Run, pattern: Pattern, from_ns: int, name: str) -> _Found:
    for line in run.lines:
        if line.t_ns >= from_ns and (match := pattern.search(line.text)):
            return line, _counts(match)
    raise ValueError(f"no line of run {run.number} fits lines.{name}")


def _end(run: _Run, pattern: Pattern | None) -> tuple[int | None, Mapping[str, int]]:
    """When the call returned; None where no line says so.

    llama.cpp may end before the thread that writes its log has written the last lines.
    """
    for line in reversed(run.lines):
        if pattern is not None and (match := pattern.search(line.text)):
            return line.t_ns, _counts(match)
    return None, {}


def _counts(match: Match) -> dict[str, int]:
    """Of its named groups. Raises ValueError for what is no count that a runner can have."""
    found = {name: value for name, value in match.groupdict().items() if value is not None}
    for name, value in found.items():
        if not (value.isdecimal() and value.isascii() and len(value) <= MAX_COUNT_DIGITS):
            raise ValueError(f"{name} is {value[:20]!r}, which is no count")
    return {name: int(value) for name, value in found.items()}


def _tokens(run: _Run, patterns: Mapping[str, Pattern], from_ns: int) -> TokenTrace:
    """Each token with the logits that came last before it; which token it is, no line says."""
    ready_ns: list[int] = []
    t_ns: list[int] = []
    latest_ns: int | None = None
    for line in run.lines:
        if line.t_ns < from_ns:
            continue
        if patterns["ready"].search(line.text):
            latest_ns = line.t_ns
        elif patterns["token"].search(line.text):
            if latest_ns is None:
                raise ValueError(f"run {run.number} chose a token before any logits were ready")
            ready_ns.append(latest_ns)
            t_ns.append(line.t_ns)
    return TokenTrace(_array(ready_ns), _array(t_ns), NO_IDS, NO_IDS)


def _load(run: _Run, pattern: Pattern | None) -> Window | None:
    """Of the first process of an attempt, from its start on."""
    ends = (line.t_ns for line in run.lines if pattern and pattern.search(line.text))
    end_ns = next(ends, None)
    return None if end_ns is None else Window(run.start_ns, end_ns)
