"""Progress of several devices on a terminal: a line each while there is room, else the worst."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from host.cli.live import NOT_YET, PlainWatch, done_ratio, sentence
from host.handover.progress import Progress, Watch
from host.report.html_text import visible

BAR_CELLS = 16
# Of a name and of a sentence; a device on the network can have a name of 253 characters.
NAME_CELLS, SENTENCE_CHARACTERS = 32, 200
FAILED, DONE = "failed", "done"
LOOKS_A_SECOND = 4


@contextmanager
def watching_many(console: Console, names: Sequence[str]) -> Iterator[Mapping[str, Watch]]:
    """A Watch for each of these devices."""
    if not console.is_terminal:
        width = max(map(len, names))
        yield {name: PlainWatch(prefix=f"{name:<{width}}  ") for name in names}
        return
    board = Board(names)
    with Live(board, console=console, refresh_per_second=LOOKS_A_SECOND):
        yield {name: board.watch(name) for name in names}


class Board:
    """What every device does, in as many lines as the terminal has."""

    def __init__(self, names: Sequence[str]) -> None:
        self._moments = {name: Progress("prepare") for name in names}
        self._begun_s = time.monotonic()
        self._spinner = Spinner("dots")

    def watch(self, name: str) -> Watch:
        def watch(moment: Progress) -> None:
            self._moments[name] = moment

        return watch

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        moments = dict(self._moments)
        shown = chosen(moments, console.size.height - 2)  # the line below, and the cursor's
        yield self._table({name: moments[name] for name in shown}, options.max_width)
        if len(moments) > 1:
            yield self._below(list(moments.values()), len(moments) - len(shown))

    def _table(self, moments: Mapping[str, Progress], width: int) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        table.add_column(width=1)
        name_cells = min(NAME_CELLS, max((len(name) for name in moments), default=0), width // 3)
        table.add_column(width=name_cells, no_wrap=True, overflow="ellipsis")
        table.add_column(width=BAR_CELLS)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)  # what the others leave
        for name, moment in moments.items():
            words = Text(visible(sentence(moment), SENTENCE_CHARACTERS))
            table.add_row(self._mark(moment), Text(visible(name)), _bar(moment), words)
        return table

    def _mark(self, moment: Progress) -> Text | Spinner:
        marks = {FAILED: Text("✗", "red"), DONE: Text("✓", "green")}
        return marks.get(moment.phase, self._spinner)

    def _below(self, moments: Sequence[Progress], hidden: int) -> Text:
        """All devices in one line, and how many of them have no line of their own."""
        spent_s = round(time.monotonic() - self._begun_s)
        many = f"{len(moments)} devices" + (f" ({hidden} not shown)" if hidden else "")
        said = f"{many}, {spent_s // 60}:{spent_s % 60:02d} · {counted(moments)}"
        return Text(said, "bold", no_wrap=True, overflow="ellipsis")


def chosen(moments: Mapping[str, Progress], room: int) -> list[str]:
    """Names of the devices that get a line: all in their order while there is room for them.

    Else those that failed, then those that are at work, then those that are done.
    """
    names = list(moments)
    if len(names) > room:
        names.sort(key=lambda name: _rank(moments[name]))  # stable: in their order within a rank
    return names[: max(room, 0)]


def counted(moments: Sequence[Progress]) -> str:
    """How many devices are in which phase, those that failed first."""
    counts = Counter(moment.phase for moment in moments)
    last = {FAILED: 0, DONE: 2}
    phases = sorted(counts, key=lambda phase: (last.get(phase, 1), -counts[phase], phase))
    return ", ".join(f"{counts[phase]} {phase}" for phase in phases)


def _rank(moment: Progress) -> int:
    return {FAILED: 0, DONE: 2}.get(moment.phase, 1)


def _bar(moment: Progress) -> ProgressBar:
    if moment.phase in (FAILED, DONE):
        return ProgressBar(total=1.0, completed=1.0, width=BAR_CELLS)
    shown = min(done_ratio(moment) or 0.0, NOT_YET)  # nothing known: empty, the spinner turns
    return ProgressBar(total=1.0, completed=shown, width=BAR_CELLS)
