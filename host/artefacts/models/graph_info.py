"""Reads a plain ONNX graph that may be damaged or hostile: one file, or a folder with one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from host.artefacts.models.folder_path import inside
from host.artefacts.models.graph_names import SUFFIX
from host.artefacts.models.onnx_weights import tally
from host.errors import ArtefactError

GRAPH_LIMIT_BYTES = (2 << 30) - 1  # protobuf reads no message of 2 GiB or more
MAX_WORDS = 200


@dataclass(frozen=True, slots=True)
class GraphContents:
    """What graphs say. files: names of graphs and their data, below the folder.

    weight_bits: weights with their scales, in bits.
    """

    name: str | None
    licence: str | None
    parameters: int
    weight_bits: int
    quantization: str
    files: tuple[str, ...]


def read_graph(path: Path) -> GraphContents:
    """The contents; ArtefactError where something is missing, torn or outside the folder.

    Weights are counted from initializers; their data is not read, but must be there in full.
    """
    folder = path if path.is_dir() else path.parent
    graphs = sorted(folder.glob(f"*{SUFFIX}")) if path.is_dir() else [path]
    stated: dict[str, str] = {}
    names: set[str] = set()
    weights: Counter[str] = Counter()
    size_bytes = 0
    for one in graphs:
        model = _load(one)
        found = tally(model.graph, one)
        size_bytes += found.size_bytes
        weights += found.weights
        stated |= {prop.key: prop.value[:MAX_WORDS] for prop in model.metadata_props}
        names |= {one.name, *data_files(model, one)}
    if not weights:
        raise ArtefactError(str(path), "has no weights in its initializers: it is no model")
    return GraphContents(
        name=stated.get("name"),
        licence=stated.get("license"),
        parameters=weights.total(),
        weight_bits=8 * size_bytes,
        quantization=max(sorted(weights), key=lambda scheme: weights[scheme]),
        files=tuple(sorted(names)),
    )


def _load(path: Path) -> onnx.ModelProto:
    try:
        if path.stat().st_size > GRAPH_LIMIT_BYTES:
            raise ArtefactError(str(path), "is 2 GiB or larger, which no ONNX file can be")
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, OSError) as err:
        raise ArtefactError(str(path), "is not an ONNX model, or is damaged") from err
    if not model.graph.node:
        raise ArtefactError(str(path), "has no graph in it: it is no ONNX model, or is cut off")
    return model


def data_files(model: onnx.ModelProto, path: Path) -> set[str]:
    """Names of the files beside the graph that hold its weights."""
    found: set[str] = set()
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                found.add(
                    inside(path.parent, entry.value, path).relative_to(path.parent).as_posix()
                )
    return found
