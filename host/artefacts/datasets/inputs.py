"""Inputs of a plain graph as a dataset: seeds, or arrays in files of the user's own.

What an item's text says to the engine: agent/engines/onnx_inputs.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from host.artefacts.datasets.dataset import Dataset, Item, Language, canonical_sha256
from host.artefacts.models.hashing import hash_files
from host.errors import ArtefactError
from host.handover.text import Txt

INPUTS, SEEDED = "inputs:", "inputs:seeded"
SEEDS = 8  # our choice: enough to see outputs follow their inputs
MAX_FILES = 1000
ENDINGS = (".npz", ".npy")
SCENARIO = "plain-graph"
LANGUAGE: Language = "zxx"
_OURS = "Apache-2.0"
_THEIRS = "not stated"


def inputs_dataset(reference: str) -> Dataset:
    """`inputs:seeded`, or `inputs:PATH` of an .npz or .npy file or of a folder with such files.

    Raises ArtefactError where there is no such file, or a file has a name that no item can have.
    """
    if reference == SEEDED:
        return _seeded()
    path = Path(reference.removeprefix(INPUTS)).expanduser()
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix in ENDINGS)
    else:
        files = [path] if path.suffix in ENDINGS and path.is_file() else []
    if not 0 < len(files) <= MAX_FILES:
        raise ArtefactError(reference, "is no .npz or .npy file and no folder with some")
    return _of_files(files)


def _seeded() -> Dataset:
    items = tuple(
        Item(f"seed-{n}", SCENARIO, LANGUAGE, f"seed:{n}", 0, 0) for n in range(1, SEEDS + 1)
    )
    title = Txt("由种子生成的输入", "Inputs made from a seed")
    sha256 = canonical_sha256("inputs-seeded", "1", _OURS, items)
    return Dataset("inputs-seeded", "1", _OURS, title, items, sha256)


def _of_files(files: list[Path]) -> Dataset:
    """One item a file. The identity is that of the contents, wherever the files lie."""
    named: list[tuple[Item, Path]] = []
    for file in files:
        name = re.sub(r"[^a-z0-9-]+", "-", file.stem.lower())[:64].strip("-")
        if not name or name in {item.id for item, _ in named}:
            raise ArtefactError(str(file), "gives no name of letters and digits of its own")
        (hashed,) = hash_files(file.parent, [file.name], _quiet)
        named.append((Item(name, SCENARIO, LANGUAGE, f"sha256:{hashed.sha256}", 0, 0), file))
    sha256 = canonical_sha256("inputs-files", "1", _THEIRS, [item for item, _ in named])
    items = tuple(replace(item, text=f"file:{file.absolute()}") for item, file in named)
    title = Txt("使用者的输入文件", "Inputs in files of the user")
    return Dataset("inputs-files", "1", _THEIRS, title, items, sha256)


def _quiet(*_: object) -> None:
    """Inputs are small beside a model."""
