"""What a native runner answered, cut out of what its processes printed. Pure.

Of standard output where that is kept apart, else of the log. An answer whose begin or end is not
there is none: half of one would look like a model that says less. But where the log shows all
tokens that were asked for, only what stands behind them was lost (llama.cpp ends without waiting
for its own log), and what was printed is the answer.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from host.align.printed import processes
from host.align.requests import Event
from host.handover.answered import Answered
from host.handover.pattern import BytesPattern, compiled_bytes


def answers_of(
    events: Sequence[Event],
    log: bytes,
    output: bytes,
    settings: Mapping[str, Any],
    reached: Container[int] = (),
) -> tuple[Answered, ...]:
    """The answers of one attempt, of all processes that ended well and have one.

    settings: `answer` of a `host.handover.runner.Runner` and `output`; none in runs of before they
    were read. reached: processes that came to the length of the plan. Raises ValueError where
    events and files do not fit each other.
    """
    how = settings.get("answer")
    if not isinstance(how, Mapping):
        return ()
    begin, end = (_pattern(how.get(name)) for name in ("begin", "end"))
    apart = settings.get("output") == "stdout"
    printed = _of_output(events, output) if apart else _of_log(events, log)
    found = []
    for process in processes(events, log):
        raw = printed.get(process.number)
        if raw is None or process.status != 0:
            continue
        text = answer_in(raw, begin, end)
        if text is None and process.number in reached:
            text = answer_in(raw, begin, None)
        if text is not None:
            found.append(Answered(process.number, process.item, process.warmup, text))
    return tuple(found)


def answer_in(
    printed: bytes, begin: BytesPattern | None, end: BytesPattern | None
) -> bytes | None:
    """What is behind the first fit of begin and before the first fit of end after that.

    None where one of them is looked for and not there.
    """
    if begin is not None:
        first = begin.search(printed)
        if first is None:
            return None
        printed = printed[first.end() :]
    if end is not None:
        last = end.search(printed)
        if last is None:
            return None
        printed = printed[: last.start()]
    return printed


def _pattern(found: object) -> BytesPattern | None:
    return compiled_bytes(found) if isinstance(found, str) else None


def _of_output(events: Sequence[Event], output: bytes) -> Mapping[int, bytes]:
    """Standard output by run: from where the last one ended. {} where no run says where."""
    ends = [
        (int(e.args["run"]), int(e.args["output_bytes"]))
        for e in events
        if e.name == "runner_end" and "output_bytes" in e.args
    ]
    return {run: output[start:until] for run, (start, until) in _spans(ends, len(output), "bytes")}


def _of_log(events: Sequence[Event], log: bytes) -> Mapping[int, bytes]:
    """The lines of each run, with their ends."""
    ends: dict[int, int] = {}
    for event in events:
        if event.name == "line":
            ends[int(event.args["run"])] = int(event.args["line"])
        elif event.name == "output_end" and "lines" in event.args:
            ends[int(event.args["run"])] = int(event.args["lines"])
    lines = log.split(b"\n")
    return {
        run: b"".join(line + b"\n" for line in lines[start:until])
        for run, (start, until) in _spans(list(ends.items()), len(lines), "lines")
    }


def _spans(
    ends: Sequence[tuple[int, int]], there: int, of: str
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Where each run's part begins and ends. Raises ValueError for a count that cannot be."""
    at = 0
    for run, until in ends:
        if not at <= until <= there:
            raise ValueError(f"run {run} ends at {until} of {there} {of} that were kept")
        yield run, (at, until)
        at = until
