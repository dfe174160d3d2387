"""Plain reference graphs: a small vision network and a small encoder, in float, INT8 and INT4.

Vision: four 3x3 convolutions of stride 2, each with ReLU6 (after MobileNet, arXiv:1704.04861),
pooling and one dense layer. ReLU6 keeps activations in [0, 6], so that the steps of 8-bit
activations need no calibration. Encoder: pre-norm layers of attention and feed-forward
(arXiv:1706.03762, without positions). Weights are drawn; nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from host.artefacts.models.encoder_graph import encoder
from host.artefacts.models.vision_graph import vision

# Who makes the file of (name, form, seed).
_MAKERS: Final[Mapping[str, Callable[[str, str, int], bytes]]] = {
    "vision-tiny": vision,
    "encoder-tiny": encoder,
}


def graph_bytes(name: str, form: str, seed: int) -> bytes:
    """The ONNX file of a reference graph; its bytes depend on these three alone."""
    return _MAKERS[name](name, form, seed)
