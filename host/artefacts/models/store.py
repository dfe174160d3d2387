"""Where reference models are kept, made and found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import platformdirs

from host.artefacts.models.formats import is_genai_folder, is_graph
from host.artefacts.models.graph_names import BITS, FORMS, PARAMETERS, SUFFIX
from host.artefacts.models.inspection import quiet
from host.artefacts.models.part import sweep, whole
from host.artefacts.models.shape import SHAPES, Shape
from host.artefacts.models.tensors import Progress, parameters
from host.errors import ArtefactError

ENVIRONMENT = "INFEROMETER_MODELS"
# Files of another revision have another name. Raise it with every change of any byte.
REVISION = 1
DEFAULT_QUANTIZATION = "q4_0"
# Quantization -> bits per weight, scales included, for the size that is expected.
BITS_PER_WEIGHT = {"f16": 16.0, "q8_0": 8.5, "q4_k_m": 4.9, "q4_0": 4.5, "int4": 5.0}
QUANTIZATIONS = tuple(BITS_PER_WEIGHT)
_GENAI = "int4"
# Vocabulary, norms and tables beside the matrices.
_REST_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A reference model: how it is called and what it takes.

    path: None where it is not made yet; size_bytes is then what is expected.
    """

    reference: str
    parameters: int
    size_bytes: int
    path: Path | None


def store_dir(directory: Path | None = None) -> Path:
    """The folder of models: the argument, else $INFEROMETER_MODELS, else the user's cache."""
    if directory is not None:
        return directory
    stated = os.environ.get(ENVIRONMENT)
    return Path(stated) if stated else platformdirs.user_cache_path("inferometer") / "models"


def make(
    size: str,
    quantization: str = DEFAULT_QUANTIZATION,
    *,
    seed: int = 1,
    directory: Path | None = None,
    progress: Progress = quiet,
) -> Path:
    """The file (or folder, for `int4`) of a reference model, made unless it is there.

    size: of a language model, or the name of a plain graph with its form as quantization.

    progress: weights done, weights in all, what; for q8_0 and q4_k_m tensors after that.
    """
    if size in FORMS:
        return _make_graph(size, quantization, seed, store_dir(directory))
    shape = _shape(size)
    if quantization not in BITS_PER_WEIGHT:
        raise ArtefactError(
            f"{size}:{quantization}", _unknown("quantization", quantization, QUANTIZATIONS)
        )
    folder = store_dir(directory)
    target = folder / _file_name(size, quantization, seed)
    if target.exists():
        return target
    sweep(folder)
    _check_room(folder, shape, quantization)
    if quantization in ("f16", "q4_0", _GENAI):
        _make_by_ourselves(target, shape, quantization, seed, progress)
    else:
        _make_with_llama(target, shape, quantization, seed, progress)
    return target


def _make_by_ourselves(
    target: Path, shape: Shape, quantization: str, seed: int, progress: Progress
) -> None:
    """Draw the weights and write them. What writes is imported here: a model is made once."""
    with whole(target) as part:
        if quantization == _GENAI:
            from host.artefacts.models.genai_folder import write_genai

            part.mkdir()
            write_genai(part, shape, seed, progress)
        else:
            from host.artefacts.models.gguf_file import write_gguf

            write_gguf(part, shape, seed, quantization, progress)


def quantize(source: Path, scheme: str, target: Path, *, progress: Progress = quiet) -> Path:
    """Write a GGUF file in another scheme (q4_0 pure, q8_0, q4_k_m) with llama.cpp."""
    from host.artefacts.models.llama_quantizer import llama_quantize

    with whole(target) as part:
        llama_quantize(source, part, scheme, progress)
    return target


def listing(directory: Path | None = None, *, seed: int = 1) -> tuple[Stored, ...]:
    """Every reference model, made or not."""
    folder = store_dir(directory)
    listed = []
    for size, shape in SHAPES.items():
        for quantization in QUANTIZATIONS:
            path = folder / _file_name(size, quantization, seed)
            there = path.exists()
            taken = _size_bytes(path) if there else _expected_bytes(shape, quantization)
            listed.append(
                Stored(f"{size}:{quantization}", parameters(shape), taken, path if there else None)
            )
    return (*listed, *(_listed(name, form, folder, seed) for name, form in _graph_forms()))


def resolve(
    reference: str,
    *,
    quantization: str = DEFAULT_QUANTIZATION,
    directory: Path | None = None,
    progress: Progress = quiet,
) -> Path:
    """The path that `tiny`, `tiny:q4_0` or a path stands for; a reference model is made.

    quantization: for a reference that names none (`int4` for onnxruntime-genai).
    """
    named = _named(reference, quantization)
    if named is not None:
        return make(*named, directory=directory, progress=progress)
    return _found(reference)


def offered(reference: str, quantization: str = DEFAULT_QUANTIZATION) -> Path | None:
    """As `resolve`, but nothing is made: None for a reference model that is not made yet."""
    named = _named(reference, quantization)
    if named is None:
        return _found(reference)
    size, form = named
    known = FORMS.get(size, QUANTIZATIONS)
    if form not in known:
        raise ArtefactError(reference, _unknown("form", form, tuple(known)))
    name = _graph_file(size, form, 1) if size in FORMS else _file_name(size, form, 1)
    path = store_dir() / name
    return path if path.exists() else None


def _named(reference: str, quantization: str) -> tuple[str, str] | None:
    """Name and form of a reference model; None for a path. quantization: where none is stated."""
    size, _, stated = reference.partition(":")
    if size in FORMS:
        return size, stated or FORMS[size][0]
    return (size, stated or quantization) if size in SHAPES else None


def _found(reference: str) -> Path:
    """A model of the user's own."""
    path = Path(reference).expanduser()
    if path.is_file() or is_genai_folder(path) or (is_graph(path) and path.is_dir()):
        return path
    if path.is_dir():
        raise ArtefactError(
            reference, "is a folder without genai_config.json or .onnx file: no model"
        )
    if path.name != reference or path.suffix in (".gguf", SUFFIX):
        raise ArtefactError(reference, "there is no such model file or folder")
    size = reference.partition(":")[0]
    raise ArtefactError(reference, _unknown("model", size, (*SHAPES, *FORMS)))


def _make_graph(name: str, form: str, seed: int, folder: Path) -> Path:
    """A plain graph takes a few megabytes and a moment: it is made in memory."""
    forms = FORMS[name]
    if form not in forms:
        raise ArtefactError(f"{name}:{form}", _unknown("form", form, forms))
    target = folder / _graph_file(name, form, seed)
    if not target.exists():
        from host.artefacts.models.plain_graphs import graph_bytes

        sweep(folder)
        with whole(target) as part:
            part.write_bytes(graph_bytes(name, form, seed))
    return target


def _graph_forms() -> Iterator[tuple[str, str]]:
    return ((name, form) for name, forms in FORMS.items() for form in forms)


def _listed(name: str, form: str, folder: Path, seed: int) -> Stored:
    path, count = folder / _graph_file(name, form, seed), PARAMETERS[name]
    there = path.exists()
    taken = _size_bytes(path) if there else int(count * BITS[form] / 8)
    return Stored(f"{name}:{form}", count, taken, path if there else None)


def _graph_file(name: str, form: str, seed: int) -> str:
    return f"{name}{'' if seed == 1 else f'-seed{seed}'}-{form}{SUFFIX}"


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is no {what} that is known ({', '.join(known)}){hint}"


def _shape(size: str) -> Shape:
    if size not in SHAPES:
        raise ArtefactError(size, _unknown("model", size, tuple(SHAPES)))
    return SHAPES[size]


def _file_name(size: str, quantization: str, seed: int) -> str:
    revision = "" if REVISION == 1 else f"-r{REVISION}"
    drawn = "" if seed == 1 else f"-seed{seed}"
    ending = "int4-genai" if quantization == _GENAI else f"{quantization}.gguf"
    return f"{size}{revision}{drawn}-{ending}"


def _make_with_llama(
    target: Path, shape: Shape, quantization: str, seed: int, progress: Progress
) -> None:
    """From the F16 file, which is kept only where it was there before."""
    from host.artefacts.models.gguf_file import write_gguf
    from host.artefacts.models.llama_quantizer import llama_quantize

    source = target.with_name(_file_name(shape.size, "f16", seed))
    if source.exists():
        quantize(source, quantization, target, progress=progress)
        return
    with whole(target) as part:
        drawn = part.with_name("f16-" + part.name)
        try:
            write_gguf(drawn, shape, seed, "f16", progress)
            llama_quantize(drawn, part, quantization, progress)
        finally:
            drawn.unlink(missing_ok=True)


def _expected_bytes(shape: Shape, quantization: str) -> int:
    return int(parameters(shape) * BITS_PER_WEIGHT[quantization] / 8) + _REST_BYTES


def _size_bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file())


def _check_room(folder: Path, shape: Shape, quantization: str) -> None:
    needed = _expected_bytes(shape, quantization)
    if quantization not in ("f16", "q4_0", _GENAI):
        needed += _expected_bytes(shape, "f16")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise ArtefactError(
            str(folder),
            f"has {free / 1e9:.1f} GB free, and {shape.size}:{quantization} takes "
            f"{needed / 1e9:.1f} GB",
        )
