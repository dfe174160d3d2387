"""Expected answers: shipped ones fit their datasets, bad files are refused."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from host.artefacts.datasets.answers import FOLDER, answers_facts, answers_for, read_answers
from host.artefacts.datasets.shelf import load
from host.errors import ArtefactError
from host.score.overlap import installed
from host.score.run import scores_of


@pytest.mark.parametrize("name", ["car-commands", "terminal-phone"])
def test_shipped_answers_are_of_items_that_are_there_and_score_themselves_as_right(
    name: str,
) -> None:
    dataset = load(name)
    found = answers_for(dataset.sha256)
    assert found is not None
    assert found.dataset == f"{dataset.id}@{dataset.version}"
    assert {a.item for a in found.items} <= {item.id for item in dataset.items}
    outputs = {
        a.item: [json.dumps(a.expected) if a.scorer == "command_match" else a.references[0]]
        for a in found.items
    }
    answers = msgspec.structs.replace(found, scorers={"command_match": "", **installed()})
    scenarios = {item.id: item.scenario for item in dataset.items}
    for field in scores_of(answers, scenarios, outputs, "none"):
        assert float(field.value or 0) == pytest.approx(1.0), field.scenario


def test_a_dataset_without_answers_has_none_and_says_nothing() -> None:
    assert answers_for("0" * 64) is None
    assert answers_facts(load("smoke").sha256) == {}
    assert answers_facts(load("car-commands").sha256)["answers"]["items"] == 8


def write(path: Path, **changes: Any) -> Path:  # noqa: ANN401
    found = json.loads((FOLDER / "car-commands.json").read_bytes())
    path.write_text(json.dumps({**found, **changes}))
    return path


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"answers": 2}, "answers = 2, 1 is read here"),
        ({"dataset_sha256": "x"}, "dataset_sha256"),
        ({"items": []}, "items"),
        ({"items": [{"item": "a", "scorer": "taste", "language": "en"}]}, "scorer"),
        (
            {"items": [{"item": "a", "scorer": "chrf", "language": "en"}]},
            "has nothing that chrf",
        ),
        ({"items": [{"item": "a", "scorer": "command_match", "language": "en"}] * 2}, "twice"),
        ({"more": 1}, "more"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(ArtefactError, match=why) as caught:
        read_answers(write(tmp_path / "a.json", **changes))
    assert "\n" not in str(caught.value)
