"""Scenario scores: answers are put into the folder before a run, outputs scored from it after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from host.align.read import RunReading
from host.align.streams import read_json
from host.align.texts import texts_of
from host.artefacts.datasets.answers import answers_for
from host.errors import FolderError
from host.handover.plan import ResolvedPlan
from host.handover.scores import ANSWERS_VERSION, NO_TEXT, NO_VALID_ATTEMPT, Answers
from host.run.folder import RunFolder, write_json
from host.score.overlap import installed
from host.score.run import scores_of

NAME = "answers.json"


def keep_answers(folder: RunFolder, resolved: ResolvedPlan) -> None:
    """Put the dataset's answers into the folder, with the scorers that are installed here."""
    found = answers_for(str(resolved.dataset["sha256"]))
    if found is None:
        return
    wanted = {answer.scorer for answer in found.items}
    scorers = {name: said for name, said in installed().items() if name in wanted}
    if "command_match" in wanted:
        scorers["command_match"] = ""
    kept = msgspec.structs.replace(found, scorers=dict(sorted(scorers.items())))
    write_json(folder.data / NAME, msgspec.to_builtins(kept))


def with_scores(root: Path, reading: RunReading) -> RunReading:
    """The reading with its scores; none where the folder holds no answers.

    Raises FolderError for answers that are none, or of another dataset, and UsageError where a
    scorer of the run is not installed here.
    """
    path = root / "data" / NAME
    if not path.is_file():
        return reading
    answers = _answers(path, reading)
    scenarios = {
        str(item["id"]): str(item.get("scenario", ""))
        for item in reading.facts.dataset.get("items", ())
        if isinstance(item, Mapping) and "id" in item
    }
    outputs = _outputs(root / "data" / "attempts", reading)
    why = NO_TEXT if reading.run.counted() else NO_VALID_ATTEMPT
    found = scores_of(answers, scenarios, outputs, why)
    return replace(reading, facts=replace(reading.facts, scores=found))


def _answers(path: Path, reading: RunReading) -> Answers:
    name = f"data/{NAME}"
    try:
        found = msgspec.convert(read_json(path), Answers, strict=True)
    except ValueError as err:  # of msgspec; half of a surrogate pair
        raise FolderError(name, f"holds no answers: {err}") from err
    if found.answers != ANSWERS_VERSION:
        raise FolderError(name, f"is of version {found.answers}, {ANSWERS_VERSION} is read here")
    if found.dataset_sha256 != reading.facts.dataset.get("sha256"):
        raise FolderError(name, "is for another dataset than the run's")
    return found


def _outputs(folder: Path, reading: RunReading) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for attempt in reading.run.counted():
        texts = texts_of(folder / f"{attempt.number:03d}", attempt)
        items = {answer.number: answer.item for answer in attempt.answers}
        items |= {request.number: request.item for request in attempt.scored()}
        for number, text in texts.items():
            if number in items:
                found.setdefault(items[number], []).append(text)
    return found
