"""Native runners, honest and cheating, as real programs: read and judged by their probes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from host.align.read import read_run
from host.check.rules_audit import RULES
from host.handover.audit import TEXTS_VERSION
from host.handover.audit_plan import DEFAULT_AUDIT
from host.handover.case import Case
from host.pipeline.audit_reference import reference_from
from tests.fakes.audited import HashModel
from tests.fakes.audited_runner import RunnerBench, of_runner
from tests.fakes.records import sample_record
from tests.unit.audit.test_judge import verdicts

# Fewer pairs: each request is a process.
AUDIT = msgspec.structs.replace(DEFAULT_AUDIT, prompts=4, prompt_tokens=64, output_tokens=8)


def found(root: Path, cheat: str) -> dict[str, str]:
    bench = RunnerBench(root, HashModel, AUDIT, attempts=2, shape=of_runner, cheat=cheat)
    return {name: one.outcome for name, one in verdicts(bench).items()}


def test_an_honest_runner_fails_no_probe_and_is_asked_what_the_seed_makes(tmp_path: Path) -> None:
    outcomes = found(tmp_path, "honest")
    assert outcomes["permuted"] in ("passed", "undecided")  # of two attempts the spread is wide
    assert (outcomes["repeat"], outcomes["seed"]) == ("passed", "passed")
    reading = read_run(tmp_path / "run")
    case = Case(reading.run, reading.facts, sample_record(2), reading.faults)
    assert not [breach for rule in RULES for breach in rule.breaches(case)]


@pytest.mark.parametrize(
    ("cheat", "caught"),
    [
        ("keeps", {"repeat", "seed"}),
        ("table", {"seed"}),
        ("lighter", {"permuted"}),
        ("delivered", {"permuted"}),
    ],
)
def test_a_cheating_runner_is_caught_by_the_probe_for_it(
    cheat: str, caught: set[str], tmp_path: Path
) -> None:
    outcomes = found(tmp_path, cheat)
    assert {name for name, outcome in outcomes.items() if outcome == "failed"} == caught


@pytest.mark.parametrize(
    ("cheat", "caught"),
    [("honest", set()), ("other", {"canary"}), ("short", {"canary", "length"})],
)
def test_texts_that_are_known_show_another_model_and_outputs_that_are_cut(
    cheat: str, caught: set[str], tmp_path: Path
) -> None:
    believed = RunnerBench(
        tmp_path / "believed", HashModel, AUDIT, attempts=1, stop="natural", shape=of_runner
    )
    believed.root.mkdir()
    reference = reference_from(read_run(believed.run().path), "urn:sha256:" + "0" * 64)
    assert (reference.reference, len(reference.outputs)) == (TEXTS_VERSION, 4)
    audit = msgspec.structs.replace(AUDIT, probes=("canary", "length"), reference="known.json")
    bench = RunnerBench(tmp_path / "now", HashModel, audit, attempts=1, stop="natural")
    bench.shape, bench.reference, bench.cheat = of_runner, reference, cheat
    found = verdicts(bench)
    assert {name for name, one in found.items() if one.outcome == "failed"} == caught
    assert cheat != "honest" or {one.outcome for one in found.values()} == {"passed"}
