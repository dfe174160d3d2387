"""Draws injections from a seed, plays them, and makes the table."""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.case import Case, Outcome, Seen, struck

Note = Callable[[str], None]
# So many failures say enough.
MOST_FAILED = 20


@dataclass(slots=True)
class Row:
    """One row of the table. skipped: reason -> how many kinds of injection it kept away."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    acknowledged: int = 0
    lost: int = 0
    unfired: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def injections(self) -> int:
        return self.outcomes.total()


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, and what failed: seed, number, case and detail of each."""

    seed: int
    rows: dict[str, Row]
    failed: list[str]

    @property
    def injections(self) -> int:
        return sum(row.injections for row in self.rows.values())

    @property
    def missing(self) -> dict[str, str]:
        """Rows with no injection at all -> why."""
        return {
            fault: "; ".join(row.skipped) or "not drawn"
            for fault, row in self.rows.items()
            if not row.injections
        }


def play_all(
    cases: Sequence[Case], seed: int, count: int, note: Note, *, jobs: int = 2, only: int = -1
) -> Table:
    """Play until `count` injections have struck. only: play the one of this number alone.

    The case of an injection and all that it draws hang on the seed and its number, so that
    one that failed can be played again.
    """
    rows = {f"F{n}": Row() for n in range(1, 19) if any(c.fault == f"F{n}" for c in cases)}
    possible = []
    for case in cases:
        why = case.why_not()
        if why:
            rows[case.fault].skipped[why] += 1
        else:
            possible.append(case)
    table = Table(seed, rows, [])
    cards = dealt(possible, seed) if possible else iter(())
    if only >= 0:
        _play(table, list(itertools.islice(cards, only, only + 1)), note, jobs)
        return table
    drawn = count
    while drawn and table.injections < count and len(table.failed) < MOST_FAILED:
        drawn = _play(table, list(itertools.islice(cards, count - table.injections)), note, jobs)
    return table


def _play(table: Table, drawn: list[tuple[int, Case]], note: Note, jobs: int) -> int:
    """Play these; gives how many they were."""
    with ThreadPoolExecutor(jobs) as pool:
        played = pool.map(lambda one: played_in_a_folder(one[0], one[1], table.seed), drawn)
        for (number, case), seen in zip(drawn, played, strict=True):
            _count(table, number, case, seen, note)
    return len(drawn)


def dealt(cases: Sequence[Case], seed: int) -> Iterator[tuple[int, Case]]:
    """Number and case of each injection, without end: one of every case first, then by weight."""
    draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    first = draw.sample(list(cases), len(cases))
    yield from enumerate(first)
    weights = [case.weight for case in cases]
    for number in itertools.count(len(first)):
        yield number, draw.choices(cases, weights)[0]


def played_in_a_folder(number: int, case: Case, seed: int) -> Seen:
    place = Path(tempfile.mkdtemp(prefix=f"inferometer-fault-{number}-"))
    try:
        draw = random.Random(f"{seed}/{number}")  # noqa: S311 - to be repeated
        return struck(case, place, draw)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _count(table: Table, number: int, case: Case, seen: Seen, note: Note) -> None:
    row = table.rows[case.fault]
    bad = seen.outcome in (Outcome.LOST, Outcome.WRONG)
    if not seen.fired and not bad:
        row.unfired += 1
        note(f"{number:4d} {case.fault:4} {case.name}: did not strike ({seen.detail})")
        return
    row.outcomes[seen.outcome] += 1
    row.acknowledged += seen.acknowledged
    row.lost += seen.lost
    said = f"{number:4d} {case.fault:4} {seen.outcome:10} {case.name}: {seen.detail}"
    note(said)
    if bad:
        table.failed.append(f"seed {table.seed} number {said.strip()}")


def lines_of(table: Table) -> Iterator[str]:
    """The table for people."""
    yield (
        f"{'row':4} {'injections':>10} {'recovered':>9} {'reported':>8} {'LOST':>4}"
        f" {'WRONG SEAL':>10} {'acknowledged':>12} {'lost':>4} {'no strike':>9}"
    )
    for fault, row in table.rows.items():
        of = row.outcomes
        yield (
            f"{fault:4} {row.injections:10d} {of[Outcome.RECOVERED]:9d}"
            f" {of[Outcome.REPORTED]:8d} {of[Outcome.LOST]:4d} {of[Outcome.WRONG]:10d}"
            f" {row.acknowledged:12d} {row.lost:4d} {row.unfired:9d}"
        )
    for fault, row in table.rows.items():
        for why, kinds in row.skipped.items():
            yield f"{fault}: {kinds} kind(s) of injection skipped: {why}"
