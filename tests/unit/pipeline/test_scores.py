"""Scores of a run folder: from answers, token ids and the bytes of each token alone."""

import json
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pytest

from agent.pieces import PIECES, write_pieces
from host.align.read import RunReading
from host.errors import FolderError
from host.handover.answered import Answered
from host.handover.pairing import role_of
from host.handover.scores import ScoreField
from host.handover.trace import AlignedRun, TokenTrace
from host.pipeline.scores import NAME, with_scores
from host.report.html_scores import score_lines
from host.report.html_scores import scores as scores_on_page
from host.run.attempts import order_of
from host.run.collect import STREAM
from host.schema.canonical import from_bytes, to_bytes
from tests.fakes.clock import SteppingClock
from tests.fakes.records import record_of, sample_facts, sample_plan
from tests.fakes.traces import example_run

ITEMS = ("chat-64", "chat-256", "chat-1024")
SHA = sample_facts(1).dataset["sha256"]
TEXT = '[{"device": "media", "action": "off", "value": null}]'
COMMANDS = json.loads(TEXT)


def answers(**changes: Any) -> dict[str, Any]:  # noqa: ANN401
    made = {
        "answers": 1,
        "dataset": "length-grid@1",
        "dataset_sha256": SHA,
        "items": [
            {"item": "chat-64", "scorer": "command_match", "language": "en", "expected": COMMANDS},
            {"item": "chat-256", "scorer": "command_match", "language": "en", "expected": []},
        ],
        "scorers": {"command_match": ""},
    }
    return {**made, **changes}


def said(run: AlignedRun, texts: dict[str, str]) -> AlignedRun:
    """The run with a token for every byte of these texts."""
    attempts = []
    for attempt in run.attempts:
        requests = []
        for request in attempt.requests:
            ids = np.frombuffer(texts.get(request.item, "no").encode(), np.uint8).astype(np.int64)
            times = np.arange(len(ids), dtype=np.int64)
            trace = TokenTrace(times, times, ids, np.ones(len(ids), dtype=np.int64))
            requests.append(replace(request, tokens=trace, stated_tokens=len(ids)))
        attempts.append(replace(attempt, requests=tuple(requests)))
    return replace(run, attempts=tuple(attempts))


def scored(
    root: Path, given: dict[str, Any], pieces: dict[int, bytes] | None = None, attempts: int = 2
) -> tuple[ScoreField, ...]:
    """Scores of a folder in which chat-64 answered right, and the other items `no`."""
    (root / "data").mkdir()
    (root / "data" / NAME).write_text(json.dumps(given))
    run = said(example_run(attempts), {"chat-64": f"Sure: {TEXT}"})
    for attempt in run.attempts:
        folder = root / "data" / "attempts" / f"{attempt.number:03d}"
        folder.mkdir(parents=True)
        if pieces is not None:
            write_pieces(folder, SteppingClock(), pieces)
    facts = sample_facts(attempts)
    items = [{"id": item, "scenario": "car-control"} for item in ITEMS]
    facts = replace(facts, dataset={**facts.dataset, "items": items})
    return with_scores(root, RunReading(run, facts, ())).facts.scores


BYTES = {number: bytes([number]) for number in range(128)}


def test_outputs_are_scored_from_token_ids_and_their_bytes(tmp_path: Path) -> None:
    (field,) = scored(tmp_path, answers(), BYTES)
    assert (field.scenario, field.scorer, field.value) == ("car-control", "command_match", "0.5")
    assert [(i.item, i.outputs, i.value) for i in field.items] == [
        ("chat-64", 2, "1"),
        ("chat-256", 2, "0"),
    ]


def test_no_text_is_a_gap_with_its_reason_and_never_a_zero(tmp_path: Path) -> None:
    (field,) = scored(tmp_path, answers())
    assert field.value is None
    assert field.missing.startswith("no-output-text")
    assert [(i.value, i.outputs) for i in field.items] == [(None, 0), (None, 0)]


def test_bytes_that_are_not_as_long_as_was_said_are_no_text(tmp_path: Path) -> None:
    (field,) = scored(tmp_path, answers(), {**BYTES, ord("["): b"[["})
    assert field.value is None
    assert [i.value for i in field.items] == [None, "0"]


def test_a_scorer_that_was_not_installed_for_the_run_is_named(tmp_path: Path) -> None:
    (field,) = scored(tmp_path, answers(scorers={}), BYTES)
    assert field.missing == "scorer-not-installed: command_match"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"dataset_sha256": "0" * 64}, "another dataset"),
        ({"answers": 9}, "version 9"),
        ({"items": 5}, "holds no answers"),
    ],
)
def test_answers_that_do_not_belong_to_the_run_are_refused(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(FolderError, match=why):
        scored(tmp_path, answers(**changes), BYTES)


def test_a_folder_without_answers_has_no_scores_and_a_record_with_them_keeps_its_schema(
    tmp_path: Path,
) -> None:
    reading = RunReading(example_run(2), sample_facts(2), ())
    assert with_scores(tmp_path, reading) is reading
    found = scored(tmp_path, answers(), BYTES)
    made = record_of(example_run(2), replace(sample_facts(2), scores=found))
    assert made.scores == found
    assert from_bytes(to_bytes(made)) == made
    shown = str(scores_on_page(made))
    assert "chat-256" in shown
    assert "exact command match" in shown
    assert list(score_lines(found)) == [
        "得分 score: car-control, 指令完全匹配率 exact command match: 0.5 (0..1, n = 2)"
    ]


def test_the_agent_is_asked_for_the_bytes_only_where_there_are_answers() -> None:
    plan = sample_plan(2)
    role = role_of(plan.plan, 0)
    assert "pieces" not in order_of(plan, 1, PurePosixPath("/s"), role)
    asked = msgspec.structs.replace(plan, dataset={**plan.dataset, "answers": {"items": 1}})
    assert order_of(asked, 1, PurePosixPath("/s"), role)["pieces"] is True
    native = msgspec.structs.replace(asked, engine_kind="native")
    assert "pieces" not in order_of(native, 1, PurePosixPath("/s"), role)
    assert STREAM.fullmatch(PIECES)


def test_answers_of_a_native_runner_are_scored_without_a_token(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / NAME).write_text(json.dumps(answers()))
    given = (
        Answered(0, "chat-256", warmup=True, text=b"[]"),
        Answered(1, "chat-64", warmup=False, text=f"Sure: {TEXT}\n".encode()),
        Answered(2, "chat-256", warmup=False, text=b"no \xff"),
    )
    run = example_run(2)
    attempts = tuple(replace(a, requests=(), answers=given) for a in run.attempts)
    facts = sample_facts(2)
    items = [{"id": item, "scenario": "car-control"} for item in ITEMS]
    facts = replace(facts, dataset={**facts.dataset, "items": items})
    reading = RunReading(replace(run, attempts=attempts), facts, ())
    (field,) = with_scores(tmp_path, reading).facts.scores
    assert [(i.item, i.outputs, i.value) for i in field.items] == [
        ("chat-64", 2, "1"),
        ("chat-256", 2, "0"),
    ]
