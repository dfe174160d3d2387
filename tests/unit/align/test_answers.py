"""Answers of a native runner, cut out of the output or the log that was kept of it."""

from __future__ import annotations

import pytest

from host.align.answers import answers_of
from host.align.requests import Event

STDOUT = {"output": "stdout", "answer": {"begin": None, "end": r"\n\n\z"}}
# The Genie SDK of a vendor prints `[BEGIN]: text[END]` among its other lines.
LOG = {"output": "log", "answer": {"begin": r"\[BEGIN\]: ", "end": r"\[END\]"}}


def runs_of(printed: list[bytes], statuses: list[int] | None = None) -> list[Event]:
    """The events of processes whose output is kept apart; the first is a warm-up."""
    events, at = [], 0
    for run, text in enumerate(printed):
        at += len(text)
        status = 0 if statuses is None else statuses[run]
        about = {"run": run, "item": f"item-{run}", "warmup": run == 0}
        events.append(Event(run * 10, "runner_start", about))
        ended = {"run": run, "status": status, "output_bytes": at}
        events.append(Event(run * 10 + 5, "runner_end", ended))
    return events


def test_each_process_has_what_it_printed_up_to_its_end() -> None:
    printed = [b"warm\n\n", b"one\n\n and \xe5\x9b\n\n", b"", b"\n\n"]
    found = answers_of(runs_of(printed), b"", b"".join(printed), STDOUT)
    # Of the third nothing came, not even what ends an answer; the fourth one is empty.
    assert [(a.number, a.warmup, a.text) for a in found] == [
        (0, True, b"warm"),
        (1, False, b"one\n\n and \xe5\x9b"),
        (3, False, b""),
    ]
    assert [a.item for a in found] == ["item-0", "item-1", "item-3"]


def test_an_answer_of_all_tokens_that_were_asked_for_needs_no_end() -> None:
    printed = [b"a\n\n", b"as long as was", b"broken of"]
    found = answers_of(runs_of(printed), b"", b"".join(printed), STDOUT, {0, 1})
    assert [a.text for a in found] == [b"a", b"as long as was"]


def test_a_process_that_failed_has_no_answer() -> None:
    printed = [b"a\n\n", b"half\n\n"]
    found = answers_of(runs_of(printed, [0, 137]), b"", b"".join(printed), STDOUT)
    assert [a.number for a in found] == [0]


def test_an_output_that_is_shorter_than_was_counted_is_refused() -> None:
    printed = [b"a\n\n", b"b\n\n"]
    with pytest.raises(ValueError, match="run 1 ends at 6 of 5 bytes"):
        answers_of(runs_of(printed), b"", b"a\n\nb\n", STDOUT)


def test_a_run_of_before_answers_were_read_has_none() -> None:
    events = runs_of([b"a\n\n"])
    assert answers_of(events, b"", b"a\n\n", {"output": "stdout"}) == ()
    old = [
        Event(e.t_ns, e.name, {k: v for k, v in e.args.items() if k != "output_bytes"})
        for e in events
    ]
    assert answers_of(old, b"", b"a\n\n", STDOUT) == ()


@pytest.mark.parametrize("followed", [True, False])
def test_an_answer_among_lines_of_a_log_is_found_by_its_marks(*, followed: bool) -> None:
    logs = [[b"[BEGIN]: two", b"lines[END]", b"12 token/s"], [b"loading", b"[BEGIN]: cut"]]
    events, number = [], 0
    for run, lines in enumerate(logs):
        about = {"run": run, "item": "a", "warmup": False}
        events.append(Event(run, "runner_start", about))
        for line in lines:
            number += 1
            if not followed:
                said = {"run": run, "line": number, "size_bytes": len(line)}
                events.append(Event(run, "line", said))
        if followed:
            events.append(Event(run, "output_end", {"run": run, "lines": number}))
        events.append(Event(run, "runner_end", {"run": run, "status": 0}))
    log = b"".join(line + b"\n" for lines in logs for line in lines)
    (answer,) = answers_of(events, log, b"", LOG)
    assert (answer.number, answer.text) == (0, b"two\nlines")
