"""Reads an onnxruntime-genai folder that may be damaged or hostile: configuration and ONNX files.

Weights are counted from the graph; weight data is not read, but it must be there in full and
inside the folder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from msgspec import Meta

from host.artefacts.models.folder_path import inside
from host.artefacts.models.formats import CONFIG_FILE
from host.artefacts.models.onnx_weights import Tally, tally
from host.errors import ArtefactError

CONFIG_LIMIT_BYTES = 16 << 20
GRAPH_LIMIT_BYTES = (2 << 30) - 1  # protobuf reads no message of 2 GiB or more


_Count = Annotated[int, Meta(ge=1, lt=2**53)]


class _Decoder(msgspec.Struct, frozen=True):
    filename: str = ""
    num_hidden_layers: _Count | None = None


class _Model(msgspec.Struct, frozen=True):
    type: str
    vocab_size: _Count | None = None
    context_length: _Count | None = None
    decoder: _Decoder = _Decoder()


class _Config(msgspec.Struct, frozen=True):
    model: _Model


@dataclass(frozen=True, slots=True)
class Contents:
    """What configuration and graphs say. weight_bits: weights with their scales, in bits."""

    architecture: str
    name: str | None
    licence: str | None
    vocabulary: int | None
    context_length: int | None
    layers: int | None
    parameters: int
    weight_bits: int
    quantization: str


def read_genai(folder: Path) -> Contents:
    """The contents of `folder`; ArtefactError where something is missing, torn or outside it."""
    config, names = _configuration(folder)
    if not names:
        raise ArtefactError(str(folder / CONFIG_FILE), "names no model file")
    tallies: list[Tally] = []
    stated: dict[str, str] = {}
    for name in names:
        model = _load(folder, name)
        tallies.append(tally(model.graph, folder / name))
        stated |= {prop.key: prop.value for prop in model.metadata_props}
    weights: Counter[str] = sum((one.weights for one in tallies), Counter())
    if not weights:
        raise ArtefactError(str(folder), "has no weights in its ONNX files: it is no model")
    return Contents(
        architecture=config.model.type,
        name=stated.get("name"),
        licence=stated.get("license"),
        vocabulary=config.model.vocab_size,
        context_length=config.model.context_length,
        layers=config.model.decoder.num_hidden_layers,
        parameters=weights.total(),
        weight_bits=8 * sum(one.size_bytes for one in tallies),
        quantization=weights.most_common(1)[0][0],
    )


def _configuration(folder: Path) -> tuple[_Config, tuple[str, ...]]:
    """The typed configuration, and every ONNX file it names, each once."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        raise ArtefactError(str(folder), f"has no {CONFIG_FILE}: it is no onnxruntime-genai model")
    try:
        if path.stat().st_size > CONFIG_LIMIT_BYTES:
            raise ArtefactError(str(path), f"is larger than {CONFIG_LIMIT_BYTES} bytes")
        raw = path.read_bytes()
        config = msgspec.json.decode(raw, type=_Config)
        plain = msgspec.json.decode(raw)
        names = tuple(dict.fromkeys(_filenames(plain["model"])))
    except (msgspec.MsgspecError, RecursionError, OSError) as err:
        raise ArtefactError(str(path), f"cannot be read: {err}") from err
    return config, names


def _filenames(part: Any) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """Every ONNX file that any part of the model names (`decoder`, `embedding`, a pipeline)."""
    if isinstance(part, dict):
        name = part.get("filename")
        if isinstance(name, str) and name.endswith(".onnx"):
            yield name
        for value in part.values():
            yield from _filenames(value)
    elif isinstance(part, list):
        for value in part:
            yield from _filenames(value)


def _load(folder: Path, name: str) -> onnx.ModelProto:
    path = inside(folder, name, folder / CONFIG_FILE)
    if not path.is_file():
        raise ArtefactError(
            str(folder), f"has no file {name}, which {CONFIG_FILE} names as the model"
        )
    if path.stat().st_size > GRAPH_LIMIT_BYTES:
        raise ArtefactError(str(path), "is 2 GiB or larger, which no ONNX file can be")
    try:
        return onnx.load(str(path), load_external_data=False)
    except (DecodeError, OSError) as err:
        raise ArtefactError(str(path), "is not an ONNX model, or is damaged") from err
