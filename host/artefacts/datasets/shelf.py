"""The datasets that are shipped, and one way to load any dataset by what a plan calls it."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec

from host.artefacts.datasets.dataset import Dataset
from host.artefacts.datasets.files import (
    Sha256,
    Slug,
    Version,
    Words,
    read_dataset,
    read_typed,
    require_sha256,
)
from host.artefacts.datasets.inputs import INPUTS, inputs_dataset
from host.errors import ArtefactError
from host.handover.text import Txt

SHELF: Traversable = files("host.artefacts.datasets") / "data"

_FileName = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9-]+\.json\Z")]


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Slug
    version: Version
    sha256: Sha256
    licence: Words
    file: _FileName


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    datasets: tuple[_Entry, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A shipped dataset in one line of a list. scenarios and languages: sorted, each once."""

    id: str
    version: str
    licence: str
    title: Txt
    item_count: int
    scenarios: tuple[str, ...]
    languages: tuple[str, ...]
    sha256: str


def load(
    reference: str, *, expected_sha256: str | None = None, shelf: Traversable = SHELF
) -> Dataset:
    """A dataset by shipped id, by `id@version`, or by the path of a `.json` file.

    `inputs:seeded` and `inputs:PATH` are inputs of a plain graph (`inputs.py`).
    Whatever ends in `.json` or holds a path separator is a path, relative to the working
    folder. An id alone means the version listed last. shelf: folder with `index.json` and the
    shipped files.

    Raises:
        ArtefactError: unknown id (with the nearest known one) or version, a file that does not
            hold what it should, or a hash that is not that of the index, of the file's own
            `sha256`, or of `expected_sha256`.
    """
    if expected_sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", expected_sha256):
        raise ArtefactError(
            reference, f"expected sha256 {expected_sha256!r} is not 64 lower-case hex digits"
        )
    if reference.startswith(INPUTS):
        dataset = inputs_dataset(reference)
    elif _is_path(reference):
        dataset = read_dataset(Path(reference))
    else:
        dataset = _from_shelf(reference, shelf)
    require_sha256(reference, stated=expected_sha256, found=dataset.sha256, stated_by="the plan")
    return dataset


def shipped(*, shelf: Traversable = SHELF) -> tuple[Summary, ...]:
    """Every shipped dataset in the order of the index, each read and checked.

    Raises:
        ArtefactError: a shipped file does not hold what the index says.
    """
    return tuple(_summary(_open(entry, shelf)) for entry in _index(shelf))


def _is_path(reference: str) -> bool:
    return reference.endswith(".json") or "/" in reference or "\\" in reference


def _from_shelf(reference: str, shelf: Traversable) -> Dataset:
    name, at, version = reference.partition("@")
    entries = _index(shelf)
    named = [entry for entry in entries if entry.id == name]
    if not named:
        raise ArtefactError(reference, _unknown(name, [entry.id for entry in entries]))
    wanted = [entry for entry in named if not at or entry.version == version]
    if not wanted:
        there = ", ".join(entry.version for entry in named)
        raise ArtefactError(reference, f"version {version!r} is not shipped, there is {there}")
    return _open(wanted[-1], shelf)


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return f"no such dataset is shipped, did you mean {near[0]!r}?"
    return f"no such dataset is shipped, there are {', '.join(known)}; a file ends in .json"


def _index(shelf: Traversable) -> tuple[_Entry, ...]:
    return read_typed(shelf / "index.json", _Index).datasets


def _open(entry: _Entry, shelf: Traversable) -> Dataset:
    dataset = read_dataset(shelf / entry.file)
    name = f"{entry.id}@{entry.version}"
    require_sha256(name, stated=entry.sha256, found=dataset.sha256, stated_by="the index")
    return dataset


def _summary(dataset: Dataset) -> Summary:
    return Summary(
        id=dataset.id,
        version=dataset.version,
        licence=dataset.licence,
        title=dataset.title,
        item_count=len(dataset.items),
        scenarios=tuple(sorted({item.scenario for item in dataset.items})),
        languages=tuple(sorted({item.language for item in dataset.items})),
        sha256=dataset.sha256,
    )
