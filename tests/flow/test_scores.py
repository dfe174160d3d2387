"""A whole run whose answers are scored: the right ones, replayed, and redone by `verify`."""

from __future__ import annotations

import json
from pathlib import Path

from host.artefacts.datasets.answers import answers_for
from host.artefacts.datasets.shelf import load
from tests.fakes.command import Command, environment, small_plan

PARTS = 4


def right_answers(path: Path) -> Path:
    """A recording of the right commands for every item in its order, four tokens each."""
    dataset = load("car-commands")
    answers = answers_for(dataset.sha256)
    assert answers is not None
    expected = {answer.item: json.dumps(answer.expected) for answer in answers.items}
    pieces, requests = {}, []
    for place, item in enumerate(dataset.items):
        text = f"OK: {expected[item.id]}"
        step = len(text) // PARTS
        ids = [place * PARTS + i for i in range(PARTS)]
        ends = [*(step * (i + 1) for i in range(PARTS - 1)), len(text)]
        for i, token in enumerate(ids):
            pieces[str(token)] = text[step * i : ends[i]]
        tokens = [[1_000_000 * (i + 1), 1_000_000 * (i + 1) + 500, t] for i, t in enumerate(ids)]
        requests.append(
            {
                "prefill_ns": 900_000,
                "end_ns": 5_000_000,
                "stop_reason": "end-of-text",
                "tokens": tokens,
            }
        )
    made = {"recording": 1, "load_ns": 1000, "pieces": pieces, "requests": requests}
    path.write_text(json.dumps(made))
    return path


def test_right_commands_score_one_and_verify_redoes_it(tmp_path: Path) -> None:
    command = Command(environment(tmp_path / "models", tmp_path / "store"))
    plan = small_plan(
        tmp_path / "plan.toml",
        engine="replay",
        settings={},
        model=right_answers(tmp_path / "answers.json"),
        dataset="car-commands",
        attempts=1,
        warmups=0,
        order="listed",
        stop="natural",
    )
    done = command("measure", "--plan", plan, "--runs", tmp_path / "runs", "--json")
    assert done.returncode == 0, done.stderr
    record = json.loads(Path(json.loads(done.stdout)["record"]).read_bytes())
    (score,) = record["scores"]
    assert (score["scenario"], score["scorer"], score["value"]) == (
        "car-control",
        "command_match",
        "1",
    )
    assert record["dataset"]["answers"]["items"] == len(score["items"]) == 8
    assert record["verdict"]["status"] == "valid"
    checked = command("verify", json.loads(done.stdout)["run"], "--json")
    assert json.loads(checked.stdout)["redone"] is True, checked.stdout
