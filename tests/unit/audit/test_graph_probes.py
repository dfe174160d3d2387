"""Plain graphs, honest and cheating, run by the real runner, read and judged by their probes."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from host.align.read import read_run
from host.artefacts.probes import PROBE_IMAGES
from host.check.rules_audit import RULES
from host.handover.case import Case
from tests.fakes.audited import Bench, Maker
from tests.fakes.audited_graphs import (
    DeliveredGraph,
    HashGraph,
    KeepsOutputs,
    KnowsTheInputs,
    LighterGraph,
    NeverTheSame,
    of_graph,
)
from tests.fakes.records import sample_record
from tests.unit.audit.test_judge import QUIET, outcomes, verdicts


def test_an_honest_graph_passes_every_probe_of_inputs_that_nobody_knew(tmp_path: Path) -> None:
    bench = Bench(tmp_path, partial(HashGraph, noise=QUIET), shape=of_graph)
    found = verdicts(bench)
    assert {name: one.outcome for name, one in found.items()} == {
        "repeat": "passed",
        "seed": "passed",
        "permuted": "passed",
    }
    figures = {f.id: f for one in found.values() for f in one.figures}
    assert set(figures) == {
        "first_inference_time_ratio",
        "inference_time_ratio",
        "changed_output_ratio",
        "inference_rate_ratio",
    }
    assert figures["changed_output_ratio"].value == "1"
    reading = read_run(tmp_path / "run")
    assert reading.facts.probes is not None
    repeat = reading.facts.probes.probes["repeat"].trace
    counts = {len(r.inferences) for r in repeat.requests if r.inferences is not None}
    assert counts == {PROBE_IMAGES}
    case = Case(reading.run, reading.facts, sample_record(2), reading.faults)
    assert not [found for rule in RULES for found in rule.breaches(case)]


@pytest.mark.parametrize(
    ("make", "caught"),
    [
        (KeepsOutputs, {"repeat"}),
        (KnowsTheInputs, {"seed"}),
        (DeliveredGraph, {"permuted"}),
        (LighterGraph, {"permuted"}),
    ],
)
def test_a_cheating_graph_is_caught_by_the_probe_for_it(
    make: Maker, caught: set[str], tmp_path: Path
) -> None:
    found = outcomes(Bench(tmp_path, make, shape=of_graph))
    assert {name for name, outcome in found.items() if outcome == "failed"} == caught


def test_outputs_that_change_by_themselves_pass_for_no_change_of_weights(tmp_path: Path) -> None:
    found = outcomes(Bench(tmp_path, NeverTheSame, shape=of_graph))
    assert found["permuted"] == "undecided"
