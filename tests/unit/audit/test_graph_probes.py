"""Plain graphs, honest and cheating, run by the real runner, read and judged by their probes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
import pytest

from host.align.read import read_run
from host.artefacts.probes import PROBE_IMAGES
from host.audit.figures import likeness
from host.check.rules_audit import RULES
from host.handover.audit import KnownGraph, ProbeField
from host.handover.audit_plan import DEFAULT_AUDIT
from host.handover.case import Case
from host.handover.trace import InferenceTrace
from host.pipeline.audit import read_reference
from host.pipeline.audit_reference import reference_from
from tests.fakes.audited import Bench, Maker
from tests.fakes.audited_graphs import (
    DeliveredGraph,
    HashGraph,
    KeepsOutputs,
    KnowsTheInputs,
    LighterGraph,
    NeverTheSame,
    OtherRounding,
    OtherTail,
    of_graph,
)
from tests.fakes.graphs import graph_request
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


CANARY = msgspec.structs.replace(DEFAULT_AUDIT, probes=("canary",), reference="known.json")


def known_and_asked(root: Path, make: Maker) -> ProbeField:
    """A canary with outputs that an honest graph gave before."""
    believed = Bench(root / "believed", HashGraph, shape=of_graph, noise=1)
    believed.root.mkdir()
    reference = reference_from(read_run(believed.run().path), "urn:sha256:" + "0" * 64)
    written = json.dumps(msgspec.to_builtins(reference)).encode()
    assert read_reference(written, "known.json") == reference
    bench = Bench(root / "now", make, CANARY, reference=reference, shape=of_graph)
    return verdicts(bench)["canary"]


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (HashGraph, "passed"),
        (OtherRounding, "passed"),
        (DeliveredGraph, "failed"),
        (OtherTail, "failed"),
    ],
)
def test_inputs_with_known_outputs_show_another_graph_and_not_another_rounding(
    make: Maker, outcome: str, tmp_path: Path
) -> None:
    found = known_and_asked(tmp_path, make)
    assert found.outcome == outcome
    (share,) = found.figures
    assert (share.id, share.n) == ("agreed_output_ratio", 3)
    assert (share.value == "1") is (make is HashGraph)


def graph_output(sample: Sequence[float | None], sha256: str = "3" * 64) -> InferenceTrace:
    trace = graph_request([5], output_sha256=sha256, sample=tuple(sample)).inferences
    assert trace is not None
    return trace


@pytest.mark.parametrize(
    ("ours", "theirs", "low", "high"),
    [
        ([1.0, 2.0, None], [1.0, 2.0, None], 1.0, 1.0),
        ([1.0, 2.0000001], [1.0, 2.0], 0.999, 1.0),
        ([100.0, 103.0, 101.0], [101.0, 100.0, 103.0], 0.0, 0.0),  # an offset is no likeness
        ([1.0, 2.0], [1.0, None], 0.0, 0.0),
        ([1.0], [1.0, 2.0], 0.0, 0.0),
        ([], [], 0.0, 0.0),  # nothing kept: the hash alone
        ([None], [None], 0.0, 0.0),
        ([0.0], [0.0], 1.0, 1.0),
        ([1e308, -1e308], [-1e308, 1e308], 0.0, 0.0),
    ],
)
def test_likeness_is_of_values_that_both_kept(
    ours: list[float | None], theirs: list[float | None], low: float, high: float
) -> None:
    known = KnownGraph("1" * 64, "2" * 64, tuple(theirs))
    assert low <= likeness(graph_output(ours), known) <= high
    assert likeness(graph_output(ours, "2" * 64), known) == 1.0


def test_inputs_that_were_made_otherwise_are_not_judged(tmp_path: Path) -> None:
    class OtherInputs(HashGraph):
        def prepare(self, source: str) -> str:
            super().prepare(source)
            return "9" * 64

    found = known_and_asked(tmp_path, OtherInputs)
    assert (found.outcome, found.reason.partition(":")[0]) == ("not-judged", "probe-empty")
