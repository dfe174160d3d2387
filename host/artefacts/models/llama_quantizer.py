"""Quantizes a GGUF file with llama.cpp, in a child process."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from host.artefacts.models.gguf_header import read_header
from host.artefacts.models.llama_child import NOT_INSTALLED
from host.artefacts.models.tensors import Progress
from host.errors import ArtefactError

SCHEMES = ("q4_0", "q8_0", "q4_k_m")
# -P: the child must not import from the folder it lies in.
PYTHON = (sys.executable, "-P")
_CHILD = Path(__file__).with_name("llama_child.py")
# `[  12/  75]  blk.1.attn_k.weight - ...`, one line for each tensor
_STEP = re.compile(r"\[\s*(\d+)/\s*(\d+)\]\s+(\S+)")
_KEPT_LINES = 5


def llama_quantize(
    source: Path, target: Path, scheme: str, progress: Progress, python: Sequence[str] = PYTHON
) -> None:
    """Write `source`, a GGUF file, as `scheme` to `target`; q4_0 is pure.

    progress: tensors done, tensors in all, name. python: the command that starts Python.
    """
    if scheme not in SCHEMES:
        raise ArtefactError(scheme, f"is not one of {', '.join(SCHEMES)}")
    read_header(source)
    argv = [*python, str(_CHILD), str(source), str(target), scheme]
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    with subprocess.Popen(
        argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    ) as child:
        try:
            for line in child.stderr or ():
                text = line.decode(errors="replace").strip()
                said.append(text)
                if step := _STEP.search(text):
                    progress(int(step[1]) - 1, int(step[2]), step[3])
        except BaseException:
            child.kill()
            raise
    _judge(child.returncode, scheme, source, said)


def _judge(code: int, scheme: str, source: Path, said: Sequence[str]) -> None:
    if code == 0:
        return
    if code == NOT_INSTALLED:
        raise ArtefactError(
            scheme, "needs llama.cpp's quantizer: pip install 'inferometer[llama]'"
        )
    last = next((line for line in reversed(said) if "fail" in line or "error" in line), "")
    raise ArtefactError(str(source), f"could not be quantized to {scheme}: {last or code}")
