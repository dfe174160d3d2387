"""A model with the rows of some weight matrices in another order: same work, other output.

A row of a matrix that a layer's output is made by stands for one place of that output; in another
order the sum goes to other places, so what the model says changes, and no time does. Which rows go
where is drawn by a seed. Only the copy is changed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto

from host.artefacts.models.folder_path import inside
from host.artefacts.models.formats import CONFIG_FILE, is_graph
from host.artefacts.models.gguf_header import read_header
from host.artefacts.models.graph_names import SUFFIX
from host.artefacts.models.part import whole
from host.artefacts.models.permuted_graph import files_of, permute_graph
from host.errors import ArtefactError

# What a layer adds to its stream: feed-forward and attention (ggml, docs/gguf.md, "Standardized
# tensor names"). Attention's stands in for mixtures, whose feed-forward has three dimensions.
_GGUF = re.compile(r"blk\.[0-9]+\.(ffn_down|attn_output)\.weight", re.ASCII)
_MATRIX, _BLOCKS = 2, 3  # dimensions of a matrix, and of one in 4-bit blocks (MatMulNBits, B)
MIN_ROWS = 2


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a matrix lies: rows of row_bytes each, one after the other."""

    name: str
    path: Path
    offset: int
    rows: int
    row_bytes: int


def permute(source: Path, target: Path, seed: bytes) -> tuple[str, ...]:
    """Copy a model to `target` with rows of its weights in another order.

    A GGUF file becomes a file, an onnxruntime-genai folder or one with a plain graph a folder; a
    graph in a file becomes a folder with it and its data. Gives the names of the matrices changed.
    Raises ArtefactError where the model has none that are known to make its output.
    """
    with whole(target) as part:
        if is_graph(source) and not (source / CONFIG_FILE).exists():
            changed = _graph(source, part, seed)
        else:
            changed = _layers(source, part, seed)
        if not changed:
            raise ArtefactError(
                str(source), "has no weight matrix of a layer that is known, so none was permuted"
            )
    return changed


def _layers(source: Path, part: Path, seed: bytes) -> tuple[str, ...]:
    """Of a language model what its layers add to their stream."""
    if source.is_dir():
        shutil.copytree(source, part)
        matrices = _of_graphs(part)
    else:
        shutil.copyfile(source, part)
        matrices = _of_gguf(part)
    for matrix in matrices:
        _permute(matrix, seed)
    return tuple(matrix.name for matrix in matrices)


def _graph(source: Path, part: Path, seed: bytes) -> tuple[str, ...]:
    """Of a plain graph every weight; of a folder with several of them those of each."""
    paths = sorted(source.glob(f"*{SUFFIX}")) if source.is_dir() else [source]
    changed: list[str] = []
    for path in paths:
        for name in files_of(path):
            (part / name).parent.mkdir(parents=True, exist_ok=True)
            if not (part / name).exists():
                shutil.copyfile(path.parent / name, part / name)
        changed += permute_graph(part / path.name, partial(order_of, seed))
    return tuple(changed)


def order_of(seed: bytes, name: str, rows: int) -> NDArray[np.int64]:
    """The row that comes to each place: rows sorted by what a generator gives each of them.

    The generator is PCG64 of numpy, begun with SHA-256(seed, name); no row of a matrix that has
    two or more need move, but of thousands nearly all do.
    """
    start = hashlib.sha256(seed + name.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(start, "big"))).permutation(rows)


def _permute(matrix: Rows, seed: bytes) -> None:
    """In place; one matrix at a time is in memory."""
    data = np.memmap(matrix.path, np.uint8, "r+", matrix.offset, (matrix.rows, matrix.row_bytes))
    data[:] = data[order_of(seed, matrix.name, matrix.rows)]
    data.flush()


def _of_gguf(path: Path) -> list[Rows]:
    return [
        Rows(entry.name, path, entry.offset, entry.dims[1], entry.size_bytes // entry.dims[1])
        for entry in read_header(path).tensors
        if _GGUF.fullmatch(entry.name) and len(entry.dims) == _MATRIX and entry.dims[1] >= MIN_ROWS
    ]


def _of_graphs(folder: Path) -> list[Rows]:
    """Packed 4-bit integers that lie in a data file, of every graph of the folder."""
    found: list[Rows] = []
    for path in sorted(folder.rglob("*.onnx")):
        try:
            graph = onnx.load(str(path), load_external_data=False).graph
        except (DecodeError, OSError) as err:
            raise ArtefactError(str(path), "is not an ONNX model, or is damaged") from err
        tensors = {tensor.name: tensor for tensor in graph.initializer}
        used = {node.input[1] for node in graph.node if node.op_type == "MatMulNBits"}
        found += _in_files(path, (tensors[name] for name in sorted(used & set(tensors))))
    return found


def _in_files(path: Path, tensors: Iterable[TensorProto]) -> list[Rows]:
    found = []
    for tensor in tensors:
        place = {entry.key: entry.value for entry in tensor.external_data}
        dims = tuple(tensor.dims)
        if "location" not in place or len(dims) != _BLOCKS or dims[0] < MIN_ROWS:
            continue
        file = inside(path.parent, place["location"], path)
        row_bytes, offset = dims[1] * dims[2], int(place.get("offset", "0"))
        if offset < 0 or offset + dims[0] * row_bytes > file.stat().st_size:
            raise ArtefactError(str(path), f"{tensor.name} reaches past the end of {file.name}")
        found.append(Rows(tensor.name, file, offset, dims[0], row_bytes))
    return found
