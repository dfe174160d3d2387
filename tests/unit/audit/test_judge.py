"""Honest and cheating engines, run by the real runner into real folders, read and judged."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from host.align.read import read_run
from host.audit.judge import judged
from host.audit.permuted import permuted_figures
from host.handover.audit import Probe, ProbeField, ProbeFile
from host.handover.audit_plan import DEFAULT_AUDIT
from host.pipeline.audit_reference import reference_from
from tests.fakes.audited import Bench, HashModel, Maker
from tests.fakes.cheats import (
    CutsShort,
    OneAnswer,
    OneModel,
    OutputCache,
    PrefixCache,
    Prepared,
    SlowWhenLookedAt,
)
from tests.fakes.records import sample_plan
from tests.fakes.traces import example_run


@pytest.fixture(autouse=True)
def collecting() -> Iterator[None]:
    """An attempt has the collector look through all that is there: through the tests' own once."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


NATURAL = msgspec.structs.replace(
    DEFAULT_AUDIT, probes=("canary", "length"), reference="reference.json"
)
DRAWS = 20
QUIET = 0.005  # noise of a step, relative, that leaves the limit of 2 % clear


def verdicts(bench: Bench) -> dict[str, ProbeField]:
    bench.root.mkdir(exist_ok=True)
    reading = read_run(bench.run().path)
    assert reading.faults == ()
    return {one.probe: one for one in judged(reading.run, reading.facts)}


def outcomes(bench: Bench) -> dict[str, str]:
    return {name: one.outcome for name, one in verdicts(bench).items()}


@pytest.mark.no_cover
def test_an_honest_engine_fails_no_probe_in_any_of_twenty_draws_of_noise(tmp_path: Path) -> None:
    drawn = [
        outcomes(Bench(tmp_path / str(noise), HashModel, attempts=3, noise=noise))
        for noise in range(DRAWS)
    ]
    assert {outcome for one in drawn for outcome in one.values()} <= {"passed", "undecided"}
    # 3 % of noise a step leaves the limits of 10 % and 5 % clear nearly always.
    assert sum(one["repeat"] == "passed" for one in drawn) == DRAWS
    assert sum(one["seed"] == "passed" for one in drawn) >= DRAWS * 3 // 4


@pytest.mark.parametrize(
    ("make", "caught"),
    [
        (PrefixCache, {"repeat", "seed"}),
        (OutputCache, {"repeat", "seed"}),
        (Prepared, {"seed"}),
        (OneModel, {"permuted"}),
        (SlowWhenLookedAt, {"permuted"}),
        (OneAnswer, {"permuted"}),
    ],
)
def test_a_cheating_engine_is_caught_by_the_probe_for_it(
    make: Maker, caught: set[str], tmp_path: Path
) -> None:
    found = outcomes(Bench(tmp_path, make))
    assert {name for name, outcome in found.items() if outcome == "failed"} == caught


def natural(root: Path, make: Maker) -> dict[str, ProbeField]:
    """An audit by canaries and lengths, against an honest run of the same model."""
    believed = Bench(root / "believed", HashModel, stop="natural", noise=1)
    believed.root.mkdir()
    reference = reference_from(read_run(believed.run().path), "urn:sha256:" + "0" * 64)
    assert len(reference.outputs) == 4
    bench = Bench(root / "now", make, NATURAL, stop="natural", reference=reference)
    return verdicts(bench)


def test_known_outputs_pass_an_honest_engine(tmp_path: Path) -> None:
    found = natural(tmp_path, HashModel)
    assert {n: (f.outcome, f.figures[0].value) for n, f in found.items()} == {
        "canary": ("passed", "1"),
        "length": ("passed", "1"),
    }


@pytest.mark.parametrize(
    ("make", "caught"),
    [(OneModel, {"canary"}), (OneAnswer, {"canary"}), (CutsShort, {"canary", "length"})],
)
def test_known_outputs_show_another_model_and_outputs_that_are_cut(
    make: Maker, caught: set[str], tmp_path: Path
) -> None:
    found = natural(tmp_path, make)
    assert {name for name, one in found.items() if one.outcome == "failed"} >= caught


def test_a_cache_that_the_settings_declare_is_shown_and_not_judged(tmp_path: Path) -> None:
    bench = Bench(tmp_path, PrefixCache, settings={"cache_prompt": True})
    found = verdicts(bench)
    assert (found["repeat"].outcome, found["repeat"].figures[0].holds) == ("not-judged", "no")
    assert found["repeat"].reason.startswith("cache-declared")


def test_a_machine_that_is_slower_when_a_run_is_collected_accuses_nobody(tmp_path: Path) -> None:
    late = verdicts(Bench(tmp_path / "late", HashModel, later_pace=1.3))["permuted"]
    assert [(f.id, f.holds) for f in late.figures] == [
        ("changed_output_ratio", "yes"),
        ("decode_rate_ratio", "open"),
    ]
    assert late.outcome == "undecided"
    (caught,) = (
        name
        for name, one in outcomes(Bench(tmp_path / "one", OneModel, later_pace=1.3)).items()
        if one == "failed"
    )
    assert caught == "permuted"


def test_a_speed_alone_says_nothing_of_which_model_ran() -> None:
    silent = [
        replace(
            attempt,
            requests=tuple(
                replace(r, tokens=replace(r.tokens, tokens=np.zeros(0, dtype=np.int64)))
                for r in attempt.requests
            ),
        )
        for attempt in example_run(3).attempts
    ]
    asked = ProbeFile("permuted", "0" * 64, sample_plan(1).requests[:1])
    probe = Probe(asked, silent[2])
    assert permuted_figures(probe, None, silent[:2], 0.02, late=False) == []
