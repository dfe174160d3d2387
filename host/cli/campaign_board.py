"""A campaign while it runs: every cell in a line, what is done now, and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from host.campaign.outlook import counts, left, of_lane, standing
from host.campaign.state import Slot, State
from host.cli.live import PlainWatch, sentence
from host.handover.progress import Progress, Watch
from host.pipeline.campaign_worker import Watcher
from host.report.html_text import visible

LOOKS_A_SECOND = 4
NAME_CELLS, SENTENCE_CHARACTERS = 32, 200
# Marks of a cell's last visits, one each; the words are in `campaign status`.
MARKS = {"valid": "✓", "void": "○", "failed": "✗", "changed": "≠", "gone": "?", "open": "·"}
COLOURS = {"given up": "red", "done": "green", "at work": "bold", "waiting": ""}
LAST_VISITS = 24


@contextmanager
def watching_campaign(console: Console, *, beside: bool = False) -> Iterator[Watcher]:
    """A Watcher that draws on this console, or says a line at a time where it is no terminal.

    beside: devices beside each other, whose processes are forks of this one. It draws without a
    thread then, since a lock that a thread has while it forks is never freed in the fork.
    """
    if not console.is_terminal:
        yield PlainLines()
        return
    board = CampaignBoard()
    own = {"auto_refresh": False} if beside else {"refresh_per_second": LOOKS_A_SECOND}
    with Live(board, console=console, **own) as live:
        if beside:
            board.redraw = live.refresh
        yield board


@dataclass(slots=True)
class PlainLines:
    """A line for each visit's begin and end, and those of the visit between."""

    told: set[Slot] = field(default_factory=set)

    def changed(self, state: State) -> None:
        ended = [v for v in state.visits if v.status != "open"]
        fresh = [v for v in ended if v.slot not in self.told]
        for visit in fresh if self.told else fresh[-1:]:
            why = f": {visit.reason}" if visit.reason else ""
            left_ = told_left(state, visit.slot.cell)
            self._say(f"{_where(visit.slot)}: {visit.status}{why}; left {left_}")
        self.told.update(v.slot for v in ended)
        if state.ended:
            self._say(f"ended: {state.ended}")

    def visit(self, slot: Slot) -> Watch:
        self._say(f"{_where(slot)}: begins")
        return PlainWatch(prefix=f"{slot.cell}  ")

    def _say(self, words: str) -> None:
        print(visible(words, 2 * SENTENCE_CHARACTERS), file=sys.stderr, flush=True)


class CampaignBoard:
    """Cells with their visits, the running one, and the time that is left."""

    def __init__(self) -> None:
        self.redraw: Callable[[], None] | None = None
        self._state: State | None = None
        self._going: dict[str, Progress] = {}
        self._begun_s = time.monotonic()
        self._drawn_s = 0.0

    def changed(self, state: State) -> None:
        self._state = state
        open_ = {v.slot.cell for v in state.visits if v.status == "open"}
        self._going = {cell: now for cell, now in self._going.items() if cell in open_}
        self._draw()

    def visit(self, slot: Slot) -> Watch:
        self._going[slot.cell] = Progress("prepare")

        def watch(moment: Progress) -> None:
            self._going[slot.cell] = moment
            self._draw()

        return watch

    def _draw(self) -> None:
        """Where no thread does it, and not more often than people can read."""
        now_s = time.monotonic()
        if self.redraw is not None and now_s - self._drawn_s > 1 / LOOKS_A_SECOND:
            self._drawn_s = now_s
            self.redraw()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        state = self._state
        if state is None:
            return
        names = list(state.asked.names)
        going = dict(self._going)  # a copy: another thread may draw
        room = max(1, console.size.height - 3 - max(1, len(going)))
        shown = names[:room]
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=min(NAME_CELLS, max(map(len, shown)), options.max_width // 3))
        table.add_column(width=8, no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for name in shown:
            table.add_row(*_row(state, name))
        yield table
        if len(names) > len(shown):
            yield Text(f"{len(names) - len(shown)} more cells")
        spent_s = round(time.monotonic() - self._begun_s)
        yield Text(
            f"{_block(state)} of {_blocks(state)} · {clock(spent_s)} · left {told_left(state)}",
            "bold",
            no_wrap=True,
            overflow="ellipsis",
        )
        for cell, moment in going.items():
            device = state.asked.cell(cell).plan.device if len(state.asked.lanes) > 1 else ""
            lane = f" · {device} left {told_left(state, cell)}" if device else ""
            now = visible(f"{cell} · {sentence(moment)}{lane}", SENTENCE_CHARACTERS)
            yield Text(now, no_wrap=True, overflow="ellipsis")


def _block(state: State) -> str:
    """The block that is being filled, or the last one."""
    number = state.closed[state.phase] if state.ended else state.block
    return f"{state.phase} block {number}"


def _blocks(state: State) -> str:
    """How many blocks this phase may have."""
    campaign = state.asked.campaign
    if state.phase == "warm-up" and campaign.warmup is not None:
        return f"{campaign.warmup.window} to {campaign.warmup.max}"
    return f"{campaign.stop.min} to {campaign.stop.max}"


def _row(state: State, name: str) -> tuple[Text, Text, Text]:
    stands = standing(state, name)
    visits = state.of(name)[-LAST_VISITS:]
    marks = "".join(
        MARKS[v.status] if v.slot.phase == "counted" else f"({MARKS[v.status]})" for v in visits
    )
    done = counts(state, name)
    told = ", ".join(f"{n} {what}" for what, n in done.items() if n)
    why = f" · {state.given_up[name]}" if name in state.given_up else ""
    return (
        Text(visible(name), no_wrap=True, overflow="ellipsis"),
        Text(stands, COLOURS[stands]),
        Text(visible(f"{marks}  {told}{why}", SENTENCE_CHARACTERS)),
    )


def told_left(state: State, cell: str = "") -> str:
    """How long to the next look and to the cap, in words. cell: on the device of this cell."""
    lane = next((cells for _, cells in state.asked.lanes if cell in cells), None)
    found = left(state) if lane is None else of_lane(state, lane)
    if found.to_look_s is None or found.to_cap_s is None:
        return "not known before the first visit has ended"
    if round(found.to_look_s) == round(found.to_cap_s):
        return f"about {clock(found.to_cap_s)}"
    return f"about {clock(found.to_look_s)} to {clock(found.to_cap_s)}"


def clock(seconds: float) -> str:
    """`1:02:03`, or `2:03` below an hour."""
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def _where(slot: Slot) -> str:
    again = f", try {slot.attempt}" if slot.attempt > 1 else ""
    return f"{slot.phase} block {slot.block}, {slot.cell}{again}"
