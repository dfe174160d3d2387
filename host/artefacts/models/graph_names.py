"""The plain reference graphs by name, without what makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SUFFIX = ".onnx"
# Name -> forms, the usual one first.
FORMS: Final[Mapping[str, tuple[str, ...]]] = {
    "vision-tiny": ("float32", "int8"),
    "encoder-tiny": ("float32", "int8", "int4"),
}
# Weights with biases, as `inspect` counts them in float32; a test holds them to it.
PARAMETERS: Final[Mapping[str, int]] = {"vision-tiny": 369_832, "encoder-tiny": 914_560}
# Bits a weight, scales and all else included, for the size that is expected.
BITS: Final[Mapping[str, float]] = {"float32": 32.0, "int8": 10.0, "int4": 9.0}


def names_graph(reference: str) -> bool:
    """Whether a plan's model is a plain graph by its name: a reference graph or an .onnx file."""
    return reference.endswith(SUFFIX) or reference.partition(":")[0] in FORMS
