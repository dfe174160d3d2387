"""A plain graph by the command, from plan to verified record, and what verify finds in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.spool import line, read_spool
from host.align.read import read_run
from host.check.rules_inferences import RULES
from host.handover.case import Case
from host.handover.trace import AttemptTrace, InferenceTrace, IntArray
from host.pipeline.redo import redo
from tests.fakes.command import Command, small_plan
from tests.fakes.graphs import ONE_THREAD

COUNT, BATCH, STEPS = 6, 2, 3
INFERENCES = "data/attempts/001/inferences.tsv"


def graph_plan(path: Path, **over: Any) -> Path:  # noqa: ANN401
    """A small plan of the encoder in 4 bits. over: of `small_plan`, and `inference`."""
    table = over.pop("inference", {"count": COUNT, "batch": BATCH, "steps": STEPS})
    settings = {**ONE_THREAD, "symbols": {"sequence": 16}, "ranges": {"input_ids": [0, 1000]}}
    usual: dict[str, Any] = {"engine": "onnx", "settings": settings, "model": "encoder-tiny:int4"}
    usual |= {"dataset": "inputs:seeded", "items": ["seed-1", "seed-2"], "output_tokens": 0}
    written = small_plan(path, **{**usual, **over})
    if table:
        lines = "".join(f"{name} = {value}\n" for name, value in table.items())
        written.write_text(f"{written.read_text()}\n[inference]\n{lines}")
    return written


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, command: Command) -> Path:
    """One small run of the encoder graph."""
    folder = tmp_path_factory.mktemp("graph")
    plan = graph_plan(folder / "plan.toml")
    done = command("measure", "--plan", plan, "--runs", folder / "runs", "--json")
    assert done.returncode == 0, done.stderr
    return Path(json.loads(done.stdout)["run"])


def test_a_graph_is_measured_and_its_record_comes_out_of_the_raw_data_again(
    measured: Path, command: Command
) -> None:
    found = json.loads(command("verify", measured, "--json").stdout)
    assert [found[v] for v in ("intact", "redone", "conforming")] == [True, True, True]
    record = json.loads((measured / "record.json").read_text())
    by = {(r["measurand_id"], r["statistic"], r["scope"]): r for r in record["results"]}
    rate = float(by["inference_rate@1", "mean", ""]["value"])
    image = float(by["image_latency@1", "mean", ""]["value"])
    # Of each attempt they are reciprocal; a mean of reciprocals is never below that of the mean.
    assert rate * image * BATCH / STEPS >= 1 - 1e-9
    assert float(by["inference_latency@1", "median", ""]["value"]) > 0
    assert by["decode_rate@1", "mean", ""]["missing"].startswith("no-tokens")
    assert record["runtime"]["described"]["inputs"][0]["shape"] == [2, 16]
    assert record["settings"]["inference"] == {"batch": BATCH, "count": COUNT, "steps": STEPS}
    hashes = {one["output_sha256"] for one in record["attempts"]["attempts"]}
    assert len(hashes) == 1
    assert not {w["code"] for w in record["warnings"]} & {"output-constant", "output-differs"}


def test_the_page_draws_the_inferences(measured: Path) -> None:
    page = (measured / "report.html").read_text()
    assert "Inference latency, histogram" in page
    assert "No scored request produced two tokens" not in page


def holds(case: Case, change: Callable[[InferenceTrace], InferenceTrace]) -> list[str]:
    """Ids of the rules that do not hold once the first request of each attempt is changed."""

    def changed(attempt: AttemptTrace) -> AttemptTrace:
        first, *rest = attempt.requests
        assert first.inferences is not None
        spoilt = replace(first, inferences=change(first.inferences))
        return replace(attempt, requests=(spoilt, *rest))

    run = replace(case.run, attempts=tuple(changed(a) for a in case.run.attempts))
    spoilt = replace(case, run=run)
    return [rule.id for rule in RULES if any(rule.breaches(spoilt))]


def later(times: IntArray, by_ns: int) -> IntArray:
    """The last of these moved."""
    return np.append(times[:-1], times[-1] + by_ns)


def test_inferences_that_cannot_have_been_so_break_a_rule(measured: Path) -> None:
    reading, record = read_run(measured), redo(measured).record
    case = Case(reading.run, reading.facts, record)
    assert holds(case, lambda trace: trace) == []
    counted, ordered = ["inferences-counted"], ["inferences-ordered"]
    assert holds(case, lambda t: replace(t, stated=t.stated + 1)) == counted
    short = holds(case, lambda t: replace(t, start_ns=t.start_ns[1:], end_ns=t.end_ns[1:]))
    assert short == counted
    assert holds(case, lambda t: replace(t, end_ns=t.start_ns)) == ordered
    assert holds(case, lambda t: replace(t, end_ns=later(t.end_ns, 10**9))) == ordered
    assert holds(case, lambda t: replace(t, start_ns=t.start_ns - 10**9)) == ordered


def test_lines_that_no_agent_writes_void_the_attempt_and_nothing_else(
    measured: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(measured, tmp_path / "copy"))
    good = (copy / INFERENCES).read_bytes()
    fields = list(read_spool(good).lines[0].fields)
    head, _, rest = good.partition(b"\n")
    tail = rest.partition(b"\n")[2]
    for odd in (["0", "7", *fields[2:]], ["0", "0", str(1 << 63), fields[3]], ["x", *fields[1:]]):
        (copy / INFERENCES).write_bytes(head + b"\n" + line(0, odd) + tail)
        first, second = read_run(copy).run.attempts
        assert (first.status, second.status) == ("void", "valid")
        assert first.reason.startswith("stream-damaged")


def test_a_dimension_that_nothing_says_is_refused_before_anything_is_written(
    command: Command, tmp_path: Path
) -> None:
    plan = graph_plan(tmp_path / "plan.toml", settings=ONE_THREAD)
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs")
    assert done.returncode == 2
    assert "dimension 1 of input input_ids (sequence) is open" in done.stderr
    assert not any((tmp_path / "runs").glob("*"))
