"""How many bytes of weights one decode step reads at the least. Pure.

A lower bound, for a limit that shall accuse nobody wrongly: only what a dense decoder cannot do
without counts. Tensor names: ggml-org/ggml, docs/gguf.md, "Standardized tensor names".
"""

from __future__ import annotations

import re

from host.artefacts.models.gguf_header import Header

# Weights of the layers; of the embedding a step reads one row, unless it is the output matrix too.
_LAYER = re.compile(r"blk\.[0-9]+\.")
_OUTPUT, _EMBEDDING = "output.weight", "token_embd.weight"
_EXPERTS = "_exps"
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
