"""What a native runner printed, run by run, and words for output that does not fit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from host.align.requests import Event
from host.handover.trace import Window

# Of output that fits no expression: as much as tells what the runner printed instead.
SHOWN_LINES = 5
SHOWN_CHARACTERS = 120


class MismatchError(ValueError):
    """Output of a runner that does not fit its description: (what, its last lines)."""

    def __init__(self, what: str, lines: Sequence[str]) -> None:
        super().__init__(what, tuple(lines))
        self.what, self.lines = what, lines

    def __str__(self) -> str:
        said = [clean for line in self.lines if (clean := _clean(line))]
        if not said:
            return f"{self.what}; it printed nothing"
        shown = " | ".join(said[-SHOWN_LINES:])
        return f"{self.what}; last of {len(said)} lines: {shown}"


def _clean(line: str) -> str:
    """A line as it may stand in a record: on one line, without what hides or moves a cursor."""
    kept = "".join(c if c.isprintable() else " " for c in line[: 4 * SHOWN_CHARACTERS])
    words = " ".join(kept.split())
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[: SHOWN_CHARACTERS - 1]}…"


@dataclass(frozen=True, slots=True)
class Printed:
    """A line as the log has it. t_ns: when the agent saw it, None where it did not look."""

    t_ns: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Process:
    """One process of a runner: what it was for, how it ended, its lines in order.

    status: as the agent has it. window: from its start to where its end was seen.
    """

    number: int
    item: str
    warmup: bool
    status: object
    window: Window
    lines: tuple[Printed, ...]

    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


def processes(events: Sequence[Event], log: bytes) -> Iterator[Process]:
    """The processes that ended, in order. Raises ValueError where the log is another one."""
    ends = {int(e.args["run"]): e for e in events if e.name == "runner_end"}
    lines = _printed(events, log)
    for start in events:
        if start.name == "runner_start" and int(start.args["run"]) in ends:
            number = int(start.args["run"])
            yield Process(
                number=number,
                item=str(start.args["item"]),
                warmup=start.args["warmup"] is True,
                status=ends[number].args.get("status"),
                window=Window(start.t_ns, ends[number].t_ns),
                lines=tuple(lines.get(number, ())),
            )


def _printed(events: Sequence[Event], log: bytes) -> dict[int, list[Printed]]:
    """Lines by run: stamped ones, or all up to where the agent found the end of a run's.

    Raises ValueError where the log is not the one that was stamped. A shell drops NUL bytes, and
    counts bytes or characters.
    """
    raw = [line.replace(b"\0", b"") for line in log.split(b"\n")]
    found: dict[int, list[Printed]] = {}
    last = 0
    for event in events:
        run = int(event.args.get("run", -1))
        if event.name == "line":
            number, size = int(event.args["line"]), event.args["size_bytes"]
            line = raw[number - 1] if last < number <= len(raw) else None
            if line is None or size not in (len(line), len(line.decode("utf-8", "replace"))):
                raise ValueError(f"line {number} of engine.log is not the one that was stamped")
            found.setdefault(run, []).append(Printed(event.t_ns, _text(line)))
            last = number
        elif event.name == "output_end" and "lines" in event.args:
            until = int(event.args["lines"])
            if not last <= until < len(raw):
                raise ValueError(f"engine.log has {len(raw) - 1} lines, {until} were counted")
            rest = (Printed(None, _text(line)) for line in raw[last:until])
            found.setdefault(run, []).extend(rest)
            last = until
    return found


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")
