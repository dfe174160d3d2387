"""From a run folder to its record and page: pure, so that it can be done again at any time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import walk_tb

from host.align.read import RunReading, read_run
from host.audit.judge import judged
from host.check.rules_limits import beyond_limits
from host.check.rules_plausible import doubts_in
from host.errors import FolderError
from host.evaluate.run import evaluate
from host.handover.case import Case
from host.handover.conditions import SensorTerm
from host.handover.record import Record
from host.handover.result import Results
from host.handover.trace import AlignedRun
from host.pipeline.conditions import conditions_of
from host.pipeline.equipment import with_equipment
from host.pipeline.fidelity import with_fidelity
from host.pipeline.scores import with_scores
from host.pipeline.stored import stored_statements
from host.record.build import build
from host.reduce.run import reduce_run
from host.reduce.slowdown import marked
from host.schema.canonical import to_bytes
from host.schema.statements import Stored


@dataclass(frozen=True, slots=True)
class Redone:
    """A run folder read, corrected, reduced and put into a record, as its statements say.

    reading: with the corrections of certificates. indications: the run as the sources gave it.
    sensors: what certificates and data sheets leave open, by channel. made: records under fewer
    statements that were asked for, by how many.
    """

    reading: RunReading
    indications: AlignedRun
    record: Record
    results: Results
    stored: tuple[Stored, ...] = ()
    sensors: Mapping[str, tuple[SensorTerm, ...]] = field(default_factory=dict)
    made: dict[int, Record] = field(default_factory=dict, repr=False, compare=False)

    def record_after(self, count: int) -> Record:
        """The record under the first statements only; 0: the draft. Each is built once."""
        if count == len(self.stored):
            return self.record
        if count not in self.made:
            self.made[count] = self._under(self.stored[:count])
        return self.made[count]

    def followed_by(self, stored: tuple[Stored, ...]) -> Redone:
        """The same under more statements, the first of them those that it has.

        The data of a sealed folder do not change by a statement, so they are not read again.
        """
        made = {**self.made, len(self.stored): self.record}
        return replace(self, record=self._under(stored), stored=stored, made=made)

    def _under(self, stored: tuple[Stored, ...]) -> Record:
        statements = tuple(s.statement for s in stored)
        return build(self.reading.run, self.results, self.reading.facts, statements)

    def record_bytes(self) -> bytes:
        return to_bytes(self.record)

    def page_bytes(self) -> bytes:
        from host.report.html import page

        return page(self.record, self.reading.run)


# What reading, reducing and judging raise where a file has another shape than any run writes.
SHAPES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@contextmanager
def given(root: Path) -> Iterator[None]:
    """For a folder that may come from anywhere: whatever lies in it, it is refused in a sentence.

    Not for one that this process has just measured: there it is a defect, and is told as one.
    """
    try:
        yield
    except SHAPES as err:
        *_, last = walk_tb(err.__traceback__)
        where = f"{Path(last[0].f_code.co_filename).name}, line {last[1]}"
        said = f"holds data of a shape that no run writes ({type(err).__name__}: {err}; {where})"
        raise FolderError(str(root), said) from err


def redo(root: Path) -> Redone:
    """Redo the right-hand half of the way. Raises FolderError for what is no run folder."""
    read = read_run(root)
    reading, sensors = with_equipment(root, read)
    reading = with_fidelity(root, replace(reading, run=marked(reading.run)))
    reading = with_scores(root, reading)
    facts = replace(reading.facts, audit=judged(reading.run, reading.facts))
    reading = replace(reading, facts=facts)
    conditions = conditions_of(reading.run, reading.facts, sensors)
    results = evaluate(reduce_run(reading.run), conditions)
    stored = stored_statements(root)
    statements = tuple(s.statement for s in stored)
    record = build(reading.run, results, reading.facts, statements)
    case = Case(read.run, reading.facts, record)
    beyond, doubts = beyond_limits(case), doubts_in(case)
    if beyond or doubts:
        reading = replace(reading, facts=replace(reading.facts, beyond=beyond, doubts=doubts))
        record = build(reading.run, results, reading.facts, statements)
    return Redone(reading, read.run, record, results, stored, sensors)
