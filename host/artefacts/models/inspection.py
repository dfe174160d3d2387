"""What a model file or folder says of itself, ours or a user's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from host.artefacts.models.decode_weights import GRAPH, decode_weight_bytes, prefill_weights
from host.artefacts.models.formats import is_genai_folder, is_graph
from host.artefacts.models.hashing import FileHash, combined, folder_files, hash_files
from host.artefacts.models.tensors import Progress
from host.artefacts.models.tokenizer_identity import tokenizer_of_gguf, tokenizer_of_json
from host.errors import ArtefactError

# What reads a format is imported by the function of that format: onnx and gguf take longer to
# import than the rest of a command.
if TYPE_CHECKING:
    from host.artefacts.models.gguf_header import Header, Value

BITS_PLACES = 4  # decimals of bits_per_weight, so that one model has one value
NO_STEPS = "a plain graph has no decode steps"
WHOLE_LIMIT = 2**53  # RFC 8785 knows no larger whole numbers


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as it lies on disk.

    format: `gguf`, `genai` or `onnx`. file: last part of the path. parameters: weights of all
    tensors.
    bits_per_weight: bits of all weight tensors, scales included, per parameter.
    decode_weight_bytes: of weights that one decode step reads at the least; prefill_weights: how
    many a token of a prompt is multiplied with at the least, see `decode_weights`.
    tokenizer_sha256: see `tokenizer_identity`; the same for both forms of one tokenizer.
    sha256: of the file; of a folder see `hashing.combined`. files: each one.
    missing: (field, reason) for every field that is None.
    """

    format: str
    file: str
    name: str
    architecture: str
    parameters: int
    quantization: str
    bits_per_weight: float
    size_bytes: int
    sha256: str
    files: tuple[FileHash, ...]
    tokenizer_sha256: str | None
    vocabulary: int | None
    context_length: int | None
    layers: int | None
    licence: str | None
    missing: tuple[tuple[str, str], ...]
    decode_weight_bytes: int | None = None
    prefill_weights: int | None = None


def quiet(done: int, total: int, what: str) -> None:
    """Progress that nobody watches."""


def inspect(path: Path, *, progress: Progress = quiet) -> ModelInfo:
    """Read and hash a `.gguf` file, an onnxruntime-genai folder, or a plain ONNX graph.

    progress: bytes hashed so far, bytes in all, what. Raises ArtefactError with what is wrong.
    """
    if path.exists() and is_graph(path) and not is_genai_folder(path):
        return _graph(path, progress)
    if path.is_dir():
        return _genai(path, progress)
    if not path.exists():
        raise ArtefactError(str(path), "there is no such model file or folder")
    if not path.is_file():
        raise ArtefactError(str(path), "is neither a file nor a folder")
    return _gguf(path, progress)


def _gguf(path: Path, progress: Progress) -> ModelInfo:
    from host.artefacts.models.gguf_header import read_header

    header = read_header(path)
    weights = sum(entry.weights for entry in header.tensors)
    if not weights:
        raise ArtefactError(str(path), "has no tensors: it is no model")
    fields = header.fields
    architecture = str(fields.get("general.architecture", "unknown"))
    tokenizer = tokenizer_of_gguf(fields)
    stated_size = _whole(fields.get(f"{architecture}.vocab_size"))
    optional = _Optional(
        tokenizer_sha256=tokenizer[0] if tokenizer else None,
        vocabulary=tokenizer[1] if tokenizer else stated_size,
        context_length=_whole(fields.get(f"{architecture}.context_length")),
        layers=_whole(fields.get(f"{architecture}.block_count")),
        licence=_text(fields.get("general.license")),
    )
    read_bytes, unread = decode_weight_bytes(header)
    used, _ = prefill_weights(header)
    (file,) = hash_files(path.parent, [path.name], progress)
    found = _info(
        _Certain(
            format="gguf",
            file=path.name,
            name=_text(fields.get("general.name")) or path.stem,
            architecture=architecture,
            quantization=_scheme(header),
            sha256=file.sha256,
            files=(file,),
        ),
        optional,
        weights,
        8 * sum(entry.size_bytes for entry in header.tensors),
    )
    return _with_decode(replace(found, prefill_weights=used), read_bytes, unread)


def _scheme(header: Header) -> str:
    """The name of the file type where the tensors bear it out, else their most common type."""
    import gguf

    weights: Counter[str] = Counter()
    for entry in header.tensors:
        weights[entry.type_name] += entry.weights
    common = weights.most_common(1)[0][0]
    number = header.fields.get("general.file_type")  # 0 is F32
    try:
        stated = gguf.LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    except ValueError:
        return common
    return stated if stated.startswith(common) else common


def _genai(path: Path, progress: Progress) -> ModelInfo:
    from host.artefacts.models.genai_contents import read_genai

    contents = read_genai(path)
    tokenizer = path / "tokenizer.json"
    known = tokenizer_of_json(tokenizer) if tokenizer.is_file() else None
    optional = _Optional(
        tokenizer_sha256=known[0] if known else None,
        vocabulary=contents.vocabulary or (known[1] if known else None),
        context_length=contents.context_length,
        layers=contents.layers,
        licence=contents.licence,
    )
    files = hash_files(path, folder_files(path), progress)
    found = _info(
        _Certain(
            format="genai",
            file=path.name,
            name=contents.name or path.name,
            architecture=contents.architecture,
            quantization=contents.quantization,
            sha256=combined(files),
            files=files,
        ),
        optional,
        contents.parameters,
        contents.weight_bits,
    )
    return _with_decode(found, None, GRAPH)


def _graph(path: Path, progress: Progress) -> ModelInfo:
    """Of a file the files that its graph names are part of it, of a folder all that is in it."""
    from host.artefacts.models.graph_info import read_graph

    contents = read_graph(path)
    folder = path if path.is_dir() else path.parent
    names = folder_files(path) if path.is_dir() else contents.files
    files = hash_files(folder, names, progress)
    found = _info(
        _Certain(
            format="onnx",
            file=path.name,
            name=contents.name or path.stem,
            architecture="onnx",
            quantization=contents.quantization,
            sha256=files[0].sha256 if path.is_file() and len(files) == 1 else combined(files),
            files=files,
        ),
        _Optional(
            tokenizer_sha256=None,
            vocabulary=None,
            context_length=None,
            layers=None,
            licence=contents.licence,
        ),
        contents.parameters,
        contents.weight_bits,
    )
    return _with_decode(found, None, NO_STEPS)


def _with_decode(found: ModelInfo, read_bytes: int | None, unread: str) -> ModelInfo:
    """With what a decode step reads, or why that is not known."""
    if read_bytes is not None:
        return replace(found, decode_weight_bytes=read_bytes)
    unknown = tuple((name, unread) for name in ("decode_weight_bytes", "prefill_weights"))
    return replace(found, missing=(*found.missing, *unknown))


class _Certain(TypedDict):
    """What every model states."""

    format: str
    file: str
    name: str
    architecture: str
    quantization: str
    sha256: str
    files: tuple[FileHash, ...]


class _Optional(TypedDict):
    """What a model may leave out."""

    tokenizer_sha256: str | None
    vocabulary: int | None
    context_length: int | None
    layers: int | None
    licence: str | None


def _info(certain: _Certain, optional: _Optional, weights: int, bits: int) -> ModelInfo:
    reasons = {
        "gguf": "the GGUF header does not state it",
        "onnx": "a plain ONNX graph does not state it",
        "genai": "neither genai_config.json nor tokenizer.json nor the ONNX file states it",
    }
    reason = reasons[certain["format"]]
    return ModelInfo(
        parameters=weights,
        bits_per_weight=round(bits / weights, BITS_PLACES),
        size_bytes=sum(file.size_bytes for file in certain["files"]),
        missing=tuple((name, reason) for name, value in optional.items() if value is None),
        **certain,
        **optional,
    )


def _whole(value: Value | None) -> int | None:
    """A count that a record can hold; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value < WHOLE_LIMIT else None


def _text(value: Value | None) -> str | None:
    return value if isinstance(value, str) and value else None
