"""Meters that load pulses find out of time give nothing, and the record says every verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from host.align.meters import Metered
from host.align.pulse_check import barred
from host.align.read import read_run
from host.check import rules_pulses
from host.evaluate.run import evaluate
from host.handover.case import Case
from host.handover.facts import RunFacts
from host.handover.pulses import Lag, PulseCheck, Verdict
from host.handover.record import Record
from host.handover.trace import AlignedRun, AttemptTrace
from host.pipeline.conditions import conditions_of
from host.pipeline.equipment import with_equipment
from host.record.build import build
from host.reduce.run import reduce_run
from tests.fakes.bad_records import JsonRecord
from tests.fakes.mutants import Hunt, mutants
from tests.fakes.story import SHORTEST, legal

(RULE,) = rules_pulses.RULES
CHANNEL = "rapl.package-0.energy"
LAG = Lag(400_000_000, 1e6, 0.99, 10.0, 140, 1.0)
Forge = Callable[[JsonRecord], None]


def verdict(word: Verdict, channel: str = CHANNEL) -> PulseCheck:
    """On a channel of this story, as if it were that of a meter."""
    reason = "pattern-not-seen" if word == "not-judged" else ""
    return PulseCheck(
        "rapl", channel, word, reason, ("before",), LAG, (LAG,), -1_000_000, 160_000_000
    )


@pytest.fixture(scope="module")
def true_case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    root = legal(SHORTEST).write(tmp_path_factory.mktemp("true") / "run").path
    reading, _ = with_equipment(root, read_run(root))
    return Case(reading.run, reading.facts, record_of(reading.run, reading.facts))


def record_of(run: AlignedRun, facts: RunFacts) -> Record:
    conditions = conditions_of(run, facts, {})
    return build(run, evaluate(reduce_run(run), conditions), facts)


def case_with(true: Case, *checks: PulseCheck, bar: bool = True) -> Case:
    """The case as a run with these verdicts makes it; bar False forgets to void the meter."""
    attempts = tuple(_marked(a, checks if bar else ()) for a in true.run.attempts)
    run = replace(true.run, attempts=attempts)
    facts = replace(true.facts, pulses=checks)
    return Case(run, facts, record_of(run, facts))


def _marked(attempt: AttemptTrace, checks: tuple[PulseCheck, ...]) -> AttemptTrace:
    return replace(attempt, series=barred(Metered(attempt.series), checks).series)


def forged(case: Case, forge: Forge) -> Case:
    fields: JsonRecord = msgspec.json.decode(msgspec.json.encode(case.record))
    forge(fields)
    return replace(case, record=msgspec.convert(fields, Record))


def told_otherwise(record: JsonRecord) -> None:
    record["time"]["pulses"][0]["verdict"] = "agrees"


def left_out(record: JsonRecord) -> None:
    del record["time"]["pulses"]


def no_list(record: JsonRecord) -> None:
    record["time"]["pulses"] = 7


def no_object(record: JsonRecord) -> None:
    record["time"]["pulses"] = ["rapl"]


def test_verdicts_that_the_record_states_break_no_rule(true_case: Case) -> None:
    for word in ("agrees", "outside", "not-judged"):
        assert list(RULE.breaches(case_with(true_case, verdict(word)))) == []
    assert list(RULE.breaches(true_case)) == []


def test_a_meter_out_of_time_has_a_reason_in_place_of_its_energies(true_case: Case) -> None:
    before = {q.value is None for q in true_case.record.results if q.source == CHANNEL}
    assert False in before
    found = case_with(true_case, verdict("outside")).record
    of_meter = [q for q in found.results if q.source == CHANNEL]
    assert {q.value for q in of_meter} == {None}
    assert all(q.missing and "meter-out-of-time" in str(q.missing) for q in of_meter)
    assert "meter-out-of-time" in [w.code for w in found.warnings]


def bad(true_case: Case) -> list[Case]:
    late = case_with(true_case, verdict("outside"))
    return [
        case_with(true_case, verdict("outside"), bar=False),
        # Another channel of the same meter is void with it.
        case_with(true_case, verdict("outside", "rapl.dram.energy"), verdict("agrees"), bar=False),
        forged(late, told_otherwise),
        forged(late, left_out),
        forged(late, no_list),
        forged(late, no_object),
        forged(case_with(true_case, verdict("not-judged")), told_otherwise),
    ]


def test_a_record_that_hides_a_verdict_or_gives_a_void_energy_breaks_the_rule(
    true_case: Case,
) -> None:
    for case in bad(true_case):
        found = list(RULE.breaches(case))
        assert found
        assert all(b.seen.zh and b.seen.en and b.file == "record.json" for b in found)


@pytest.mark.no_cover
def test_every_mutant_of_the_rule_is_caught(true_case: Case) -> None:
    good = [
        true_case,
        *(case_with(true_case, verdict(w)) for w in ("agrees", "outside", "not-judged")),
    ]
    wrong = [(RULE.id, case) for case in bad(true_case)]
    hunt = Hunt(good, wrong)
    survivors = [m.said for m in mutants(rules_pulses) if not hunt.catches(m)]
    assert survivors == []
