"""Expected answers of the shipped datasets, found by the hash of a dataset."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import rfc8785

from host.artefacts.datasets.files import read_typed
from host.errors import ArtefactError
from host.handover.scores import ANSWERS_VERSION, Answer, Answers

FOLDER: Traversable = files("host.artefacts.datasets") / "expected"


def answers_for(dataset_sha256: str) -> Answers | None:
    """The answers for a dataset, None where there are none. Raises ArtefactError."""
    return _shipped().get(dataset_sha256)


def answers_facts(dataset_sha256: str) -> dict[str, Any]:
    """What a run says of them beside its dataset: `answers` with hash and count, or nothing."""
    found = answers_for(dataset_sha256)
    if found is None:
        return {}
    return {
        "answers": {
            "sha256": hashlib.sha256(rfc8785.dumps(msgspec.to_builtins(found))).hexdigest(),
            "items": len(found.items),
        }
    }


@cache
def _shipped() -> dict[str, Answers]:
    files = sorted((f for f in FOLDER.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return {found.dataset_sha256: found for found in map(read_answers, files)}


def read_answers(file: Traversable) -> Answers:
    """One file. Raises ArtefactError for one that is none, or has an item twice or without aim."""
    found = read_typed(file, Answers)
    if found.answers != ANSWERS_VERSION:
        raise ArtefactError(
            str(file), f"answers = {found.answers}, {ANSWERS_VERSION} is read here"
        )
    names = [answer.item for answer in found.items]
    if len(set(names)) != len(names):
        raise ArtefactError(str(file), "an item stands there twice")
    for answer in found.items:
        if not _has_aim(answer):
            raise ArtefactError(str(file), f"{answer.item} has nothing that {answer.scorer} needs")
    return found


def _has_aim(answer: Answer) -> bool:
    """Commands for a match, where none at all may be right; else at least one reference."""
    if answer.scorer == "command_match":
        return not answer.references
    return bool(answer.references) and not answer.expected
