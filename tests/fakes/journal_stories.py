"""Stories in which attempts and the host's journal do not agree, and one in which they just do."""

from __future__ import annotations

from tests.fakes.bad_stories import Spoil
from tests.fakes.story import Story, note_attempts


def _shift(event: str, by_ns: int) -> Spoil:
    """A line of the journal so far before or behind the first start or last end of a request."""

    def spoil(story: Story) -> None:
        note_attempts(story)
        rows = story.attempts[1].streams["events"].rows
        starts = [int(r[0]) for r in rows if r[1] == "request_start"]
        ends = [int(r[0]) for r in rows if r[1] == "request_end"]
        line = next(r for r in story.streams["journal"].rows if r[2] == event)
        line[0] = str((min(starts) if event == "attempt_start" else max(ends)) + by_ns)

    return spoil


def _taken_out(story: Story) -> None:
    """The host began one attempt more than there is."""
    note_attempts(story)
    rows = story.streams["journal"].rows
    rows.insert(-1, [rows[-1][0], rows[-1][1], "attempt_start", '{"number":9}'])


def _run_twice(story: Story) -> None:
    note_attempts(story)
    rows = story.streams["journal"].rows
    rows.insert(2, rows[1])


def _put_in(story: Story) -> None:
    """An attempt that the host never began."""
    note_attempts(story)
    rows = story.streams["journal"].rows
    story.streams["journal"].rows = [r for r in rows if not r[2].startswith("attempt")]


def _called_void(story: Story) -> None:
    """A slow attempt is called void afterwards."""
    note_attempts(story)
    story.attempts[1].stated |= {"status": "void", "reason": "busy: others took the CPU"}


def _gated(story: Story) -> None:
    """A gate closed, so the host began nothing and wrote the attempt down as void."""
    story.files["plan.json"]["plan"]["run"]["attempts"] += 1
    last, attempt = max(story.attempts) + 1, story.attempts[1]
    stated = {"status": "void", "reason": "busy: gate", "engine": {}, "sources": {}}
    story.attempts[last] = type(attempt)(stated, {})


def _end_not_noted(story: Story) -> None:
    """The host died between an attempt and its line, and the run was resumed."""
    note_attempts(story)
    rows = story.streams["journal"].rows
    story.streams["journal"].rows = [r for r in rows if r[2] != "attempt_end"]


def _other_clock(story: Story) -> None:
    """A host with a clock of its own: its lines are not compared with the device's stamps."""
    note_attempts(story)
    story.streams["journal"].clock = "monotonic_raw@host"
    for row in story.streams["journal"].rows:
        row[0] = str(int(row[0]) % 1_000_003)


def _damaged_later(story: Story) -> None:
    """Nothing can be read any more of an attempt that the host noted as valid."""
    _gated(story)
    note_attempts(story)
    last, rows = max(story.attempts), story.streams["journal"].rows
    story.attempts[last].stated["reason"] = "stream-damaged: events.tsv line 0 header"
    said = f'{{"number":{last},"status":"valid"}}'
    lines = [[*rows[-1][:2], event, said] for event in ("attempt_start", "attempt_end")]
    story.streams["journal"].rows = [*rows[:-1], *lines, rows[-1]]


JOURNAL_LEGAL: dict[str, Spoil] = {
    "gated": _gated,
    "damaged later": _damaged_later,
    "end not noted": _end_not_noted,
    "journal on another clock": _other_clock,
    "begins with its first request": _shift("attempt_start", 0),
    "ends with its last request": _shift("attempt_end", 0),
}
JOURNAL_BAD: dict[str, tuple[Spoil, ...]] = {
    "attempts-journalled": (_taken_out, _run_twice, _put_in, _called_void),
    "attempts-within": (_shift("attempt_start", 1), _shift("attempt_end", -1)),
}
