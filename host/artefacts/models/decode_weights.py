"""How many bytes of weights a decode step reads, and how many weights a token of a prompt takes.

Pure. Lower bounds, for limits that shall accuse nobody wrongly: only what a dense decoder cannot
do without counts. Tensor names: ggml-org/ggml, docs/gguf.md, "Standardized tensor names".
"""

from __future__ import annotations

import re

from host.artefacts.models.gguf_header import Header

# Weights of the layers; of the embedding a step reads one row, unless it is the output matrix too.
_LAYER = re.compile(r"blk\.[0-9]+\.")
_OUTPUT, _EMBEDDING = "output.weight", "token_embd.weight"
_EXPERTS = "_exps"
_MATRIX = 2
MIXTURE = "a mixture of experts: a token reads only some of the weights"
NO_LAYERS = "no layers under the names of a plain decoder"
GRAPH = "an ONNX graph does not say which of its weights a decode step reads"


def decode_weight_bytes(header: Header) -> tuple[int | None, str]:
    """Bytes of weights that every decode step reads, By, and ""; or None and why."""
    sizes = {entry.name: entry.size_bytes for entry in header.tensors}
    architecture = str(header.fields.get("general.architecture", ""))
    experts = header.fields.get(f"{architecture}.expert_count", 0)
    if experts != 0 or any(_EXPERTS in name for name in sizes):
        return None, MIXTURE
    layers = sum(size for name, size in sizes.items() if _LAYER.match(name))
    if not layers:
        return None, NO_LAYERS
    return layers + sizes.get(_OUTPUT, sizes.get(_EMBEDDING, 0)), ""


def prefill_weights(header: Header) -> tuple[int | None, str]:
    """Weights that every token of a prompt is multiplied with, and ""; or None and why.

    The matrices of the layers; the output matrix is needed for the last token alone.
    """
    found, why = decode_weight_bytes(header)
    if found is None:
        return None, why
    matrices = (e for e in header.tensors if _LAYER.match(e.name) and len(e.dims) == _MATRIX)
    return sum(entry.weights for entry in matrices), ""
