from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

from host.align.read import read_run
from host.check import (
    rules_attempts,
    rules_clocks,
    rules_journal,
    rules_limits,
    rules_perturbation,
    rules_readings,
    rules_requests,
)
from host.check.rule import Rule
from host.evaluate.run import evaluate
from host.handover.case import Case
from host.handover.facts import RunFacts
from host.handover.finding import StreamFault
from host.handover.record import Record, Verdict
from host.handover.result import Results
from host.handover.signature import SignatureOutcome
from host.handover.trace import AlignedRun
from host.pipeline.conditions import Sensors, conditions_of
from host.pipeline.equipment import with_equipment
from host.pipeline.redo import redo
from host.record.build import build
from host.reduce.run import reduce_run
from tests.fakes.bad_stories import BAD as PLAIN_BAD
from tests.fakes.bad_stories import NEEDS_PAIR, Spoil
from tests.fakes.clock_stories import CLOCKS_BAD, CLOCKS_LEGAL
from tests.fakes.edge_stories import BEYOND, LEGAL, LEGAL_PAIRS, SET_BACK
from tests.fakes.journal_stories import JOURNAL_BAD, JOURNAL_LEGAL
from tests.fakes.limit_stories import LIMITS_BAD, LIMITS_LEGAL, bandwidth
from tests.fakes.mutants import Hunt, mutants
from tests.fakes.perturbed_stories import FIT, UNFIT
from tests.fakes.story import LONGEST, PAIR, SHORTEST, Length, legal

# Some three hundred run folders are written and read; the first test of all writes the legal ones.
pytestmark = pytest.mark.timeout(900)

LENGTHS = {"shortest": SHORTEST, "pair": PAIR, "longest": LONGEST}
MODULES = (
    rules_attempts,
    rules_clocks,
    rules_journal,
    rules_requests,
    rules_readings,
    rules_limits,
    rules_perturbation,
)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
BAD: dict[str, tuple[Spoil, ...]] = {
    **PLAIN_BAD,
    **CLOCKS_BAD,
    **JOURNAL_BAD,
    **LIMITS_BAD,
    "readings-possible": (*PLAIN_BAD["readings-possible"], *BEYOND),
    "counters-forward": (*PLAIN_BAD["counters-forward"], *SET_BACK),
    "perturbation-fits": UNFIT,
}
BY_ID = {rule.id: rule for rule in RULES}
SPOILS = [(rule, i) for rule, spoils in BAD.items() for i in range(len(spoils))]

# Lines that only find the words or the number that a finding is told with, or save time.
ONLY_WORDS = ("WHOLE_FILE = ", "zip(found, expected", "early = ", "falls = falls[", "needed = ")

BadCase = tuple[str, int, str]


@dataclass
class LateRecord:
    """The record of a reading; results are evaluated when a rule first looks beyond the verdict.

    To evaluate three hundred runs takes longer than to write and read them.
    """

    run: AlignedRun
    facts: RunFacts
    sensors: Sensors

    @cached_property
    def verdict(self) -> Verdict:
        return build(self.run, Results((), ()), self.facts).verdict

    @cached_property
    def whole(self) -> Record:
        conditions = conditions_of(self.run, self.facts, self.sensors)
        return build(self.run, evaluate(reduce_run(self.run), conditions), self.facts)

    def __getattr__(self, field: str) -> object:
        return getattr(self.whole, field)


@dataclass
class Unrecorded:
    """A folder that was read."""

    run: AlignedRun
    facts: RunFacts
    faults: tuple[StreamFault, ...]
    record: LateRecord
    signatures: tuple[SignatureOutcome, ...] = ()


def case_of(root: Path) -> Case:
    """A case as `redo` makes it; most rules over what happened never look at its record."""
    reading, sensors = with_equipment(root, read_run(root))
    record = LateRecord(reading.run, reading.facts, sensors)
    return cast("Case", Unrecorded(reading.run, reading.facts, reading.faults, record))


def lengths_of(rule: str) -> list[str]:
    """The shortest and the longest run that the rule can speak of."""
    return [
        name for name, length in LENGTHS.items() if length.attempts > 1 or rule not in NEEDS_PAIR
    ]


def edges_of(length: Length) -> dict[str, Spoil]:
    """What may be at the edge of the legal in a run of this length."""
    pairs = LEGAL_PAIRS if length.attempts > 1 else {}
    return {**LEGAL, **CLOCKS_LEGAL, **JOURNAL_LEGAL, **LIMITS_LEGAL, **FIT, **pairs}


@dataclass
class Cases:
    """Run folders, each written and read when it is first asked for."""

    root: Path
    made: dict[BadCase, Case] = field(default_factory=dict)

    def bad(self, rule: str, place: int, length: str) -> Case:
        return self._made((rule, place, length), BAD[rule][place])

    def legal(self, length: str) -> Iterator[tuple[str, Case]]:
        for place, (edge, touch) in enumerate(edges_of(LENGTHS[length]).items()):
            yield f"{length}: {edge}", self._made(("legal", place, length), touch)

    def bad_of(self, length: str, rules: Iterable[str]) -> Iterator[tuple[str, Case]]:
        """Those of some rules, each with the rule that it breaks."""
        for rule in rules:
            if length in lengths_of(rule):
                yield from ((rule, self.bad(rule, i, length)) for i in range(len(BAD[rule])))

    def _made(self, key: BadCase, touch: Spoil) -> Case:
        if key not in self.made:
            rule, place, length = key
            story = legal(LENGTHS[length])
            touch(story)
            path = story.write(self.root / f"{rule}-{place}-{length}").path
            self.made[key] = case_of(path)
        return self.made[key]


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    return Cases(tmp_path_factory.mktemp("cases"))


@pytest.mark.no_cover
@pytest.mark.parametrize("rule", BY_ID)
def test_a_legal_run_breaks_no_rule_not_even_at_an_edge(rule: str, cases: Cases) -> None:
    runs = (each for length in LENGTHS for each in cases.legal(length))
    accused = {name: found for name, c in runs if (found := [*BY_ID[rule].breaches(c)])}
    assert accused == {}


@pytest.mark.parametrize(("rule", "place"), SPOILS)
def test_a_bad_folder_breaks_its_rule_at_every_length(rule: str, place: int, cases: Cases) -> None:
    for length in lengths_of(rule):
        found = list(BY_ID[rule].breaches(cases.bad(rule, place, length)))
        assert found, length
        assert all(b.file and b.seen.zh and b.seen.en for b in found)


def test_every_rule_has_a_bad_folder_and_a_sentence() -> None:
    assert set(BAD) == set(BY_ID)
    assert len(BY_ID) == len(RULES)
    assert all(rule.holds.zh and rule.holds.en for rule in RULES)


@pytest.mark.no_cover
@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_mutant_of_a_rule_is_caught(module: ModuleType, cases: Cases) -> None:
    rules = [rule.id for rule in module.RULES]
    hunt = Hunt(
        (case for length in LENGTHS for _, case in cases.legal(length)),
        (bad for length in LENGTHS for bad in cases.bad_of(length, rules)),
    )
    survivors = [
        mutant.said
        for mutant in mutants(module)
        if not any(words in mutant.line for words in ONLY_WORDS) and not hunt.catches(mutant)
    ]
    assert survivors == []


def test_a_result_beyond_the_device_s_limit_makes_the_record_void_and_says_so(
    tmp_path: Path,
) -> None:
    story = legal(SHORTEST)
    bandwidth(0.5)(story)
    record = redo(story.write(tmp_path / "run").path).record
    assert (record.verdict.status, record.attempts.valid) == ("void", 1)
    (warning,) = [w for w in record.warnings if w.code == "beyond-limit"]
    assert "a data sheet" in warning.text.en
    assert "内存带宽" in warning.text.zh
    assert record.verdict.reasons[0] == f"beyond-limit: {warning.text.en}"
