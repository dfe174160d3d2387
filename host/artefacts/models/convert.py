"""A Hugging Face folder of the user's into our forms, through the tools' own converters.

GGUF: llama.cpp's `convert_hf_to_gguf.py` (`converter.py` says where that is)
to F16, then our call of llama.cpp's quantizer. ONNX: `onnxruntime_genai.models.builder` (in the
wheel). Both need torch and transformers, the extra `models`, in the Python that runs them, and
nothing of them runs when it is measured. They are child processes: one that dies takes nothing
along.

A model folder is data. One that holds programs or pickled weights is refused, since loaders run
what is in them; the children are told not to trust remote code and to stay offline.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from host.artefacts.models.converter import converter
from host.artefacts.models.gguf_header import read_header
from host.artefacts.models.llama_quantizer import SCHEMES, llama_quantize
from host.artefacts.models.part import whole
from host.artefacts.models.tensors import Progress
from host.errors import ArtefactError

CONFIG: Final = "config.json"
# GGUF: our quantizer's schemes, and F16 for a reference. ONNX: blocks of 32 along the rows, the
# builder's default.
F16: Final = "f16"
TARGETS: Final = (*(f"gguf:{scheme}" for scheme in (*SCHEMES, F16)), "onnx:int4")
BUILDER: Final = "onnxruntime_genai.models.builder"
_PROGRAMS = frozenset({".py", ".pyc", ".so", ".dll", ".dylib", ".sh", ".exe"})
# Python's pickle runs what it is told to when it is read.
_PICKLES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
_KEPT_LINES = 20
_MAX_FILES = 10_000


@dataclass(frozen=True, slots=True)
class Tools:
    """python: with torch and transformers. script: as `converter.converter` takes it."""

    python: str = sys.executable
    script: Path | None = None


def convert(folder: Path, target: str, goal: Path, tools: Tools, progress: Progress) -> Path:
    """Convert into the new file (gguf) or folder (onnx) `goal`. Raises ArtefactError."""
    if target not in TARGETS:
        raise ArtefactError(target, f"is not one of {', '.join(TARGETS)}")
    if goal.exists():
        raise ArtefactError(str(goal), "is there already")
    check_folder(folder)
    form, _, scheme = target.partition(":")
    with whole(goal) as part, TemporaryDirectory(dir=_made(part.parent)) as beside:
        if form == "onnx":
            _run(builder_argv(folder.resolve(), part, Path(beside), tools), folder, progress)
            return goal
        half = part if scheme == F16 else Path(beside) / "f16.gguf"
        with converter(tools.script) as script:
            _run(script_argv(folder.resolve(), half, script, tools), folder, progress)
        if scheme == F16:
            read_header(half)
        else:
            llama_quantize(half, part, scheme, progress)
    return goal


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_folder(folder: Path) -> None:
    """Raise ArtefactError for what is no Hugging Face folder of safetensors alone."""
    if not (folder / CONFIG).is_file():
        raise ArtefactError(str(folder), f"is no Hugging Face folder: it has no {CONFIG}")
    suffixes = set()
    for count, path in enumerate(folder.rglob("*")):
        if count > _MAX_FILES:
            raise ArtefactError(str(folder), f"holds more than {_MAX_FILES} files")
        suffix = path.suffix.lower()
        suffixes.add(suffix)
        name = path.relative_to(folder)
        if suffix in _PROGRAMS:
            raise ArtefactError(str(folder), f"holds a program ({name}): none is ever run")
        if suffix in _PICKLES:
            raise ArtefactError(
                str(folder),
                f"holds pickled weights ({name}), which are programs: use safetensors",
            )
    if ".safetensors" not in suffixes:
        raise ArtefactError(str(folder), "holds no safetensors")


def script_argv(folder: Path, goal: Path, script: Path, tools: Tools) -> list[str]:
    """The command for GGUF in F16, from which the quantizer goes on."""
    return [tools.python, str(script), str(folder), "--outfile", str(goal), "--outtype", "f16"]


def builder_argv(folder: Path, goal: Path, cache: Path, tools: Tools) -> list[str]:
    """The command for a genai folder in INT4 for CPUs; hf_remote: no code from the folder."""
    options = ["--extra_options", "hf_remote=false"]
    argv = [tools.python, "-m", BUILDER, "-i", str(folder), "-o", str(goal)]
    return [*argv, "-p", "int4", "-e", "cpu", "-c", str(cache), *options]


def _environment() -> Mapping[str, str]:
    """Offline: what is converted is the folder and nothing from a hub."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def _run(argv: Sequence[str], folder: Path, progress: Progress) -> None:
    """Run a converter to its end; its last words are in the error."""
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    progress(0, 0, " ".join(argv[1:3]))
    try:
        child = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(_environment()),
        )
    except OSError as err:
        raise ArtefactError(argv[0], f"cannot be run ({err.strerror})") from err
    with child:
        try:
            for line in child.stdout or ():
                text = line.decode(errors="replace").strip()
                if text:
                    said.append(text)
                    progress(0, 0, text[:80])
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise ArtefactError(str(folder), _why(said, child.returncode))


def _why(said: Sequence[str], code: int) -> str:
    last = said[-1] if said else f"it ended with {code}"
    if len(said) > 1 and " " not in last:  # a bare name of an error: the line that raised it
        last = f"{said[-2]}: {last}"
    if "ModuleNotFoundError" in last or "ImportError" in last:
        hint = 'needs the extra "models": pip install "inferometer[models]" (torch, transformers)'
        return f"could not be converted ({last[:200]}): it {hint}"
    if "pre-tokenizer was not recognized" in last:
        hint = "llama.cpp converts only the tokenizers that it lists, and this one is none of them"
        return f"could not be converted: {hint} ({last[:200]})"
    return f"could not be converted: {last[:500]}"
