from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from host.check import (
    rules_attempts,
    rules_clocks,
    rules_journal,
    rules_perturbation,
    rules_readings,
    rules_requests,
)
from host.check.rule import Rule
from host.handover.case import Case
from host.pipeline.redo import redo
from tests.fakes.bad_stories import BAD as PLAIN_BAD
from tests.fakes.bad_stories import NEEDS_PAIR, Spoil
from tests.fakes.clock_stories import CLOCKS_BAD, CLOCKS_LEGAL
from tests.fakes.edge_stories import BEYOND, LEGAL, LEGAL_PAIRS, SET_BACK
from tests.fakes.journal_stories import JOURNAL_BAD, JOURNAL_LEGAL
from tests.fakes.mutants import mutants
from tests.fakes.perturbed_stories import FIT, UNFIT
from tests.fakes.story import LONGEST, PAIR, SHORTEST, Length, legal

# Some three hundred run folders are written and redone before the first test of each kind.
pytestmark = pytest.mark.timeout(900)

LENGTHS = {"shortest": SHORTEST, "pair": PAIR, "longest": LONGEST}
MODULES = (
    rules_attempts,
    rules_clocks,
    rules_journal,
    rules_requests,
    rules_readings,
    rules_perturbation,
)
RULES: tuple[Rule, ...] = tuple(rule for module in MODULES for rule in module.RULES)
BAD: dict[str, tuple[Spoil, ...]] = {
    **PLAIN_BAD,
    **CLOCKS_BAD,
    **JOURNAL_BAD,
    "readings-possible": (*PLAIN_BAD["readings-possible"], *BEYOND),
    "counters-forward": (*PLAIN_BAD["counters-forward"], *SET_BACK),
    "perturbation-fits": UNFIT,
}
BY_ID = {rule.id: rule for rule in RULES}
SPOILS = [(rule, i) for rule, spoils in BAD.items() for i in range(len(spoils))]

# Lines that only find the words or the number that a finding is told with.
ONLY_WORDS = ("WHOLE_FILE = ", "zip(found, expected", "early = ")

Cases = dict[tuple[str, int, str], Case]


def case_of(root: Path) -> Case:
    redone = redo(root)
    return Case(redone.reading.run, redone.reading.facts, redone.record, redone.reading.faults)


def lengths_of(rule: str) -> list[tuple[str, Length]]:
    """The shortest and the longest run that the rule can speak of."""
    return [
        (name, length)
        for name, length in LENGTHS.items()
        if length.attempts > 1 or rule not in NEEDS_PAIR
    ]


@pytest.fixture(scope="module")
def legal_cases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    root = tmp_path_factory.mktemp("legal")
    found: dict[str, Case] = {}
    for name, length in LENGTHS.items():
        edges = {
            **LEGAL,
            **CLOCKS_LEGAL,
            **JOURNAL_LEGAL,
            **FIT,
            **(LEGAL_PAIRS if length.attempts > 1 else {}),
        }
        for edge, touch in edges.items():
            story = legal(length)
            touch(story)
            found[f"{name}: {edge}"] = case_of(story.write(root / f"{name}-{edge}").path)
    return found


@pytest.fixture(scope="module")
def bad_cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    root = tmp_path_factory.mktemp("bad")
    found: Cases = {}
    for rule, place in SPOILS:
        for name, length in lengths_of(rule):
            story = legal(length)
            BAD[rule][place](story)
            found[rule, place, name] = case_of(story.write(root / f"{rule}-{place}-{name}").path)
    return found


@pytest.mark.parametrize("rule", BY_ID)
def test_a_legal_run_breaks_no_rule_not_even_at_an_edge(
    rule: str, legal_cases: dict[str, Case]
) -> None:
    accused = {n: found for n, c in legal_cases.items() if (found := [*BY_ID[rule].breaches(c)])}
    assert accused == {}


@pytest.mark.parametrize(("rule", "place"), SPOILS)
def test_a_bad_folder_breaks_its_rule_at_every_length(
    rule: str, place: int, bad_cases: Cases
) -> None:
    for name, _ in lengths_of(rule):
        found = list(BY_ID[rule].breaches(bad_cases[rule, place, name]))
        assert found, name
        assert all(b.file and b.seen.zh and b.seen.en for b in found)


def test_every_rule_has_a_bad_folder_and_a_sentence() -> None:
    assert set(BAD) == set(BY_ID)
    assert len(BY_ID) == len(RULES)
    assert all(rule.holds.zh and rule.holds.en for rule in RULES)


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_mutant_of_a_rule_is_caught(
    module: ModuleType, legal_cases: dict[str, Case], bad_cases: Cases
) -> None:
    survivors = [
        mutant.said
        for mutant in mutants(module)
        if not any(words in mutant.line for words in ONLY_WORDS)
        and not caught(mutant.module.RULES, legal_cases, bad_cases)
    ]
    assert survivors == []


def caught(rules: tuple[Rule, ...], legal_cases: dict[str, Case], bad_cases: Cases) -> bool:
    """Whether these rules accuse a legal run, miss a bad one, or fail."""
    by_id = {rule.id for rule in rules}
    try:
        if any(list(rule.breaches(case)) for case in legal_cases.values() for rule in rules):
            return True
        found = {
            key: {rule.id for rule in rules if list(rule.breaches(case))}
            for key, case in bad_cases.items()
        }
    except Exception:  # noqa: BLE001 - a mutant may fail in any way
        return True
    return any(key[0] in by_id and key[0] not in broken for key, broken in found.items())
