"""What a native runner printed, as requests: its own clock, the agent's, and logs that lie."""

from __future__ import annotations

import pytest

from host.align.native import native_attempt
from host.align.requests import Did, Event

MS = 1_000_000
LINES = {
    "start": "begin",
    "prefill_start": "prompt (?P<prompt_tokens>[0-9]+)",
    "ready": "ready",
    "token": "token",
    "end": "done (?P<steps>[0-9]+)",
    "load_end": "loaded",
    "stamp": r"^\[(?P<ms>[0-9]+)\]",
}
# Time of its own in ms, text. The process begins at 1,000 ms of the device's clock.
TOLD = [
    (1, "hello"),
    (40, "loaded"),
    (50, "begin"),
    (51, "prompt 9"),
    (80, "ready"),
    (81, "token"),
    (90, "ready"),
    (91, "token"),
    (100, "ready"),
    (101, "token"),
    (110, "done 2"),
]
START, END = 1_000 * MS, 1_300 * MS


def run_of(
    told: list[tuple[int, str]] = TOLD, *, delay_ms: int = 7, end_ns: int = END, cut: int = 0
) -> tuple[list[Event], bytes]:
    """Events and log of one run whose first two lines were stamped."""
    lines = [f"[{ms}] {text}".encode() for ms, text in told]
    events = [Event(START, "runner_start", {"run": 0, "item": "a", "warmup": False})]
    for number in (1, 2):
        at_ns = START + (3 + told[number - 1][0] + delay_ms * number) * MS
        size = len(lines[number - 1])
        args = {"run": 0, "line": number, "size_bytes": size}
        events.append(Event(at_ns, "line", args))
    events.append(Event(end_ns, "output_end", {"run": 0, "lines": len(lines)}))
    events.append(Event(end_ns, "runner_end", {"run": 0, "status": 0}))
    return events, b"".join(line + b"\n" for line in lines[: len(lines) - cut])


def read(run: tuple[list[Event], bytes], requested: int = 3) -> Did:
    return native_attempt(*run, {"lines": LINES}, {"a": requested})


def test_times_of_the_runner_are_carried_by_the_line_that_was_least_late() -> None:
    did = read(run_of())
    zero = START + 10 * MS  # 3 ms until its first line, stamped 7 ms late
    (request,) = did.requests
    assert did.load is not None
    assert (did.load.start_ns, did.load.end_ns) == (START, zero + 40 * MS)
    assert (request.start_ns, request.prefill.start_ns) == (zero + 50 * MS, zero + 51 * MS)
    assert request.prefill.end_ns == zero + 80 * MS
    assert [t - zero for t in request.tokens.t_ns] == [81 * MS, 91 * MS, 101 * MS]
    assert [t - zero for t in request.tokens.ready_ns] == [80 * MS, 90 * MS, 100 * MS]
    assert (request.prompt_tokens, request.stated_tokens) == (9, 3)
    assert (request.stop_reason, request.end_ns) == ("length", zero + 110 * MS)
    assert not request.tokens.known


def test_the_end_of_the_process_bounds_the_times_where_all_stamps_were_late() -> None:
    (request,) = read(run_of(delay_ms=30, end_ns=START + 120 * MS)).requests
    assert request.end_ns == START + 120 * MS  # the last line, 110 ms after the first


def test_spare_tokens_are_not_counted() -> None:
    (request,) = read(run_of(), requested=2).requests
    assert (len(request.tokens), request.stated_tokens) == (2, 2)
    assert request.end_ns == int(request.tokens.t_ns[-1])


def test_a_log_without_its_last_line_ends_with_the_last_token() -> None:
    (request,) = read(run_of(TOLD[:-1])).requests
    assert request.end_ns == int(request.tokens.t_ns[-1])
    assert request.stop_reason == "length"


def test_a_run_that_was_killed_with_its_attempt_is_no_request() -> None:
    events, log = run_of(TOLD[:-2])
    killed = [*events[:-1], Event(END, "runner_end", {"run": 0, "status": 137})]
    told = (killed, log, {"lines": LINES}, {"a": 3})
    did = native_attempt(*told, cut=True)
    assert did.requests == ()
    assert did.load is not None
    with pytest.raises(ValueError, match="breaks off"):
        native_attempt(*told)
    with pytest.raises(ValueError, match="breaks off"):  # it says that it did end
        native_attempt(events, log, {"lines": LINES}, {"a": 3}, cut=True)


def test_without_times_of_its_own_those_of_the_agent_are_taken() -> None:
    lines = [b"begin", b"prompt 4", b"ready", b"token", b"token", b"done 1"]
    events = [Event(START, "runner_start", {"run": 0, "item": "a", "warmup": True})]
    for number, line in enumerate(lines, 1):
        args = {"run": 0, "line": number, "size_bytes": len(line)}
        events.append(Event(START + number * MS, "line", args))
    events.append(Event(END, "runner_end", {"run": 0, "status": 0}))
    without = {key: value for key, value in LINES.items() if key != "stamp"}
    log = b"".join(line + b"\n" for line in lines)
    (request,) = native_attempt(events, log, {"lines": without}, {"a": 2}).requests
    assert request.warmup
    assert [t - START for t in request.tokens.t_ns] == [4 * MS, 5 * MS]


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (run_of(TOLD[:-2]), "breaks off after 2 tokens"),
        (run_of(TOLD[:3]), "no line of run 0 fits lines.prefill_start"),
        (run_of([*TOLD[:-1], (110, "done 5")]), "shows 3 tokens, its count is another"),
        (run_of([TOLD[0], *reversed(TOLD[1:])]), "go backwards"),
        (run_of(cut=1), "has 10 lines, 11 were counted"),
        (run_of(cut=11), "line 1 of engine.log is not the one"),
        (run_of(end_ns=START + 100 * MS), "do not fit those of its process"),
        (run_of([(ms + 40, text) for ms, text in TOLD], delay_ms=-45), "do not fit those"),
        (run_of([*TOLD[:3], (51, f"prompt {10**400}"), *TOLD[4:]]), "prompt_tokens is '1000"),
        (run_of([*TOLD[:4], *TOLD[5:]]), "before any logits were ready"),
    ],
)
def test_a_log_that_cannot_be_so_is_refused(run: tuple[list[Event], bytes], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read(run)
