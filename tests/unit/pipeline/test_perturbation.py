"""The store of on/off results: what is kept, what is found, what a later run seals of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.align.read import RunReading
from host.errors import FolderError
from host.handover.perturbation import MAX_AGE_DAYS, Lookup
from host.handover.plan import ResolvedPlan
from host.handover.trace import AlignedRun
from host.pipeline.perturbation import (
    check_in_pairs,
    keep,
    look_up,
    measured_of,
    on_off_bytes,
    perturbation_for,
)
from host.run.collect import write_attempt
from host.run.folder import RunFolder, create, write_json
from tests.fakes.records import DEVICE, ENGINE, record_of, sample_facts, sample_plan
from tests.fakes.traces import example_run

ENDED = "2026-01-05T09:02:10Z"
AGENT = {"name": "inferometer-agent", "role": "agent", "version": "0", "sha256": "6" * 64}
ATTEMPTS = 6


def plan_of(pairing: str, **over: Any) -> ResolvedPlan:  # noqa: ANN401
    resolved = sample_plan(ATTEMPTS)
    run = msgspec.structs.replace(resolved.plan.run, pairing=pairing)
    plan = msgspec.structs.replace(resolved.plan, run=run)
    return msgspec.structs.replace(resolved, plan=plan, software=(AGENT,), **over)


def reading_of(run: AlignedRun | None = None) -> RunReading:
    """A run in pairs as it is read: sampled attempts are the odd ones."""
    whole = run or example_run(ATTEMPTS)
    attempts = tuple(
        replace(a, pair=(a.number + 1) // 2, sampled=a.number % 2 == 1) for a in whole.attempts
    )
    facts = replace(sample_facts(ATTEMPTS), plan=plan_of("on_off"), run_id="run-1")
    return RunReading(replace(whole, attempts=attempts), facts, ())


def kept(store: Path, reading: RunReading) -> str:
    return keep(store, reading, record_of(reading.run, reading.facts))


def unsealed(tmp_path: Path, plan: ResolvedPlan) -> RunFolder:
    """A run that has ended and is not sealed yet, of the device and engine of the sample."""
    folder = create(tmp_path, "run")
    write_json(folder.data / "plan.json", msgspec.to_builtins(plan))
    write_json(folder.data / "device-before.json", {**DEVICE, "boot_id": "another"})
    write_attempt(folder, 1, {"status": "void", "reason": "gate-timeout: hot", "engine": {}})
    write_attempt(folder, 2, {"status": "valid", "reason": "", "engine": ENGINE})
    return folder


def looked_up(store: Path, tmp_path: Path, now: str = ENDED) -> Lookup:
    found = look_up(store, unsealed(tmp_path, plan_of("none")), now)
    assert found is not None
    return found


def test_a_later_run_seals_what_the_pairs_have_measured(tmp_path: Path) -> None:
    reading = reading_of()
    assert kept(tmp_path, reading) == ""
    found = looked_up(tmp_path, tmp_path)
    assert found.reason == ""
    assert found.entry is not None
    assert found.entry.measured == measured_of(reading)
    assert found.entry.record_id == record_of(reading.run, reading.facts).record_id
    sealed = (tmp_path / "run" / "data" / "perturbation.json").read_bytes()
    assert msgspec.json.decode(sealed, type=Lookup) == found


def test_the_budgets_of_both_runs_get_the_same_ratios(tmp_path: Path) -> None:
    reading = reading_of()
    kept(tmp_path, reading)
    plain = replace(sample_facts(), perturbation=looked_up(tmp_path, tmp_path))
    own = perturbation_for(reading.run, reading.facts)
    assert own["decode_rate@1/"].pairs == 3
    assert perturbation_for(example_run(), plain) == own


def test_nothing_measured_is_said(tmp_path: Path) -> None:
    found = looked_up(tmp_path, tmp_path)
    assert found.entry is None
    assert found.reason.startswith("not-measured")


@pytest.mark.parametrize(
    ("now", "code"), [("2026-02-04T09:02:10Z", ""), ("2026-02-04T09:02:11Z", "too-old")]
)
def test_an_old_result_is_not_used_and_that_is_kept(tmp_path: Path, now: str, code: str) -> None:
    assert MAX_AGE_DAYS == 30
    kept(tmp_path, reading_of())
    found = looked_up(tmp_path, tmp_path, now)
    assert found.reason.partition(":")[0] == code
    assert (found.entry is None) is bool(code)


def test_the_result_of_another_agent_is_not_used(tmp_path: Path) -> None:
    kept(tmp_path, reading_of())
    other = plan_of("none")
    other = msgspec.structs.replace(other, software=({**AGENT, "sha256": "7" * 64},))
    found = look_up(tmp_path, unsealed(tmp_path, other), ENDED)
    assert found is not None
    assert found.reason.startswith("other-agent")


def test_another_model_has_another_key(tmp_path: Path) -> None:
    kept(tmp_path, reading_of())
    other = plan_of("none", model={"sha256": "9" * 64})
    found = look_up(tmp_path, unsealed(tmp_path, other), ENDED)
    assert found is not None
    assert found.reason.startswith("not-measured")


def test_runs_that_have_no_use_for_it_do_not_look(tmp_path: Path) -> None:
    silent = plan_of("none")
    sampling = msgspec.structs.replace(silent.plan.sampling, enabled=False)
    silent = msgspec.structs.replace(
        silent, plan=msgspec.structs.replace(silent.plan, sampling=sampling)
    )
    for plan in (plan_of("on_off"), plan_of("none", engine_kind="replay"), silent):
        folder = unsealed(tmp_path, plan)
        assert look_up(tmp_path, folder, ENDED) is None
        assert not (folder.data / "perturbation.json").exists()


def test_a_run_keeps_its_first_look_up(tmp_path: Path) -> None:
    folder = unsealed(tmp_path, plan_of("none"))
    look_up(tmp_path, folder, ENDED)
    first = (folder.data / "perturbation.json").read_bytes()
    kept(tmp_path, reading_of())
    assert look_up(tmp_path, folder, ENDED) is None
    assert (folder.data / "perturbation.json").read_bytes() == first


@pytest.mark.parametrize("text", ["", "{", "[]", '{"perturbation_store": 9, "entries": {}}'])
def test_a_damaged_store_fails_no_measurement_and_is_not_overwritten(
    tmp_path: Path, text: str
) -> None:
    store = tmp_path / "perturbation.json"
    store.write_text(text, encoding="utf-8")
    assert looked_up(tmp_path, tmp_path).reason.startswith("unreadable")
    with pytest.raises(FolderError, match=r"perturbation\.json"):
        kept(tmp_path, reading_of())
    assert store.read_text(encoding="utf-8") == text


def test_a_ratio_that_is_no_number_makes_the_store_unreadable(tmp_path: Path) -> None:
    kept(tmp_path, reading_of())
    store = tmp_path / "perturbation.json"
    found = json.loads(store.read_text(encoding="utf-8"))
    next(iter(found["entries"].values()))["measured"]["ratios"][0]["ratio"] = "NaN"
    store.write_text(json.dumps(found), encoding="utf-8")
    assert looked_up(tmp_path, tmp_path).reason.startswith("unreadable")


def test_an_older_result_of_the_same_key_is_replaced_and_others_stay(tmp_path: Path) -> None:
    kept(tmp_path, reading_of())
    again = reading_of()
    again = replace(again, facts=replace(again.facts, run_id="run-2"))
    kept(tmp_path, again)
    other = replace(again, facts=replace(again.facts, device_before={"cpu": "another"}))
    kept(tmp_path, other)
    found = json.loads((tmp_path / "perturbation.json").read_text(encoding="utf-8"))
    assert [e["measured"]["run"] for e in found["entries"].values()] == ["run-2", "run-2"]


def test_bare_attempts_that_are_all_void_are_not_kept(tmp_path: Path) -> None:
    whole = reading_of()
    attempts = tuple(
        a if a.sampled else replace(a, status="void", reason="engine-crash: signal 9")
        for a in whole.run.attempts
    )
    reading = replace(whole, run=replace(whole.run, attempts=attempts))
    assert kept(tmp_path, reading).startswith("too-few-pairs")
    assert not (tmp_path / "perturbation.json").exists()
    assert len(measured_of(reading).dropped) == 3
    assert perturbation_for(reading.run, reading.facts) == {}


def test_a_run_that_ended_early_is_not_kept(tmp_path: Path) -> None:
    reading = reading_of()
    early = replace(reading, facts=replace(reading.facts, interrupted="interrupted"))
    assert kept(tmp_path, early) == "not-valid: the run is incomplete"


def test_the_file_beside_the_record_is_of_runs_in_pairs_only(tmp_path: Path) -> None:
    assert on_off_bytes(RunReading(example_run(), sample_facts(), ())) is None
    assert on_off_bytes(reading_of()) == on_off_bytes(reading_of())
    with pytest.raises(FolderError, match="no run in pairs"):
        check_in_pairs(unsealed(tmp_path, plan_of("none")).path)
    check_in_pairs(unsealed(tmp_path, plan_of("on_off")).path)
