"""How many bytes of weights a decode step reads, and how many weights a token of a prompt takes.

Pure. Lower bounds, for limits that shall accuse nobody wrongly: only what a decoder cannot do
without counts. Of a mixture of experts that is what every token is sent through, and of each layer
so many experts as its header says. Tensor names and keys: ggml-org/ggml, docs/gguf.md,
"Standardized tensor names"; gguf-py/gguf/constants.py, Keys.LLM.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host.artefacts.models.gguf_header import Header, TensorEntry

# Weights of the layers; of the embedding a step reads one row, unless it is the output matrix too.
_LAYER = re.compile(r"blk\.([0-9]{1,6})\.", re.ASCII)
_OUTPUT, _EMBEDDING = "output.weight", "token_embd.weight"
# All experts of a layer in one tensor, the last dimension counts them.
_EXPERTS = "_exps"
_MATRIX = 2
MIXTURE = "a mixture of experts that does not say how many of them a token is sent to"
NO_LAYERS = "no layers under the names of a plain decoder"
GRAPH = "an ONNX graph does not say which of its weights a decode step reads"


class _UnknownShareError(ValueError):
    """It is not known how much of a tensor a step reads."""


def decode_weight_bytes(header: Header) -> tuple[int | None, str]:
    """Bytes of weights that every decode step reads, By, and ""; or None and why."""
    try:
        layers = sum(e.size_bytes * used // of for e, used, of in _read(header))
    except _UnknownShareError:
        return None, MIXTURE
    if not layers:
        return None, NO_LAYERS
    sizes = {entry.name: entry.size_bytes for entry in header.tensors}
    return layers + sizes.get(_OUTPUT, sizes.get(_EMBEDDING, 0)), ""


def prefill_weights(header: Header) -> tuple[int | None, str]:
    """Weights that every token of a prompt is multiplied with, and ""; or None and why.

    The matrices of the layers; the output matrix is needed for the last token alone.
    """
    found, why = decode_weight_bytes(header)
    if found is None:
        return None, why
    return sum(
        entry.weights * used // of
        for entry, used, of in _read(header)
        if len(entry.dims) == _MATRIX + (_EXPERTS in entry.name)
    ), ""


def _read(header: Header) -> Iterator[tuple[TensorEntry, int, int]]:
    """Tensors of the layers that a token goes through, with the share of each: used, of.

    Layers at the end that guess further tokens (`nextn_predict_layers`) lie in the file, and a
    step need not run them. Raises _UnknownShareError where experts are not as their header says.
    """
    last = _last_layer(header)
    experts, used = (_field(header, key) for key in ("expert_count", "expert_used_count"))
    apart = any(_EXPERTS in entry.name for entry in header.tensors)
    if apart != (experts > 0) or (apart and not 0 < used <= experts):
        raise _UnknownShareError
    for entry in header.tensors:
        layer = _LAYER.match(entry.name)
        if layer is None or (last is not None and int(layer[1]) > last):
            continue
        if _EXPERTS not in entry.name:
            yield entry, 1, 1
        elif entry.dims[-1] == experts:
            yield entry, used, experts
        else:
            raise _UnknownShareError


def _last_layer(header: Header) -> int | None:
    """The number of the last layer that every step runs; None: no further ones are there."""
    more = _field(header, "nextn_predict_layers")
    return _field(header, "block_count") - more - 1 if more > 0 else None


def _field(header: Header, key: str) -> int:
    """A count of this architecture, 0 where the header has none."""
    architecture = str(header.fields.get("general.architecture", ""))
    found = header.fields.get(f"{architecture}.{key}", 0)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0
