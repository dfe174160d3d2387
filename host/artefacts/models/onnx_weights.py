"""Counts the weights of an ONNX graph, and checks that their data is all there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import onnx
from onnx import NodeProto, TensorProto

from host.artefacts.models.folder_path import inside
from host.errors import ArtefactError

# Bits of one element by ONNX data type (onnx.proto, TensorProto.DataType).
BITS = {
    TensorProto.FLOAT: 32,
    TensorProto.DOUBLE: 64,
    TensorProto.FLOAT16: 16,
    TensorProto.BFLOAT16: 16,
    TensorProto.INT8: 8,
    TensorProto.UINT8: 8,
    TensorProto.INT16: 16,
    TensorProto.UINT16: 16,
    TensorProto.INT32: 32,
    TensorProto.UINT32: 32,
    TensorProto.INT64: 64,
    TensorProto.UINT64: 64,
    TensorProto.BOOL: 8,
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.FLOAT8E4M3FN: 8,
    TensorProto.FLOAT8E5M2: 8,
}
_FLOATS = {
    TensorProto.FLOAT: "float32",
    TensorProto.DOUBLE: "float64",
    TensorProto.FLOAT16: "float16",
    TensorProto.BFLOAT16: "bfloat16",
}
# Inputs that are tables of angles, not weights (ContribOperators.md).
_ANGLES = {"GroupQueryAttention": (7, 8), "RotaryEmbedding": (2, 3)}
# Operators on quantized weights -> inputs that hold integers, scales and zero points.
_QUANTIZED = {
    "MatMulNBits": (1, (2, 3)),
    "GatherBlockQuantized": (0, (2, 3)),
    "DequantizeLinear": (0, (1, 2)),
    "MatMulInteger": (1, (3,)),
    "ConvInteger": (1, (3,)),
    "QLinearMatMul": (3, (4, 5)),
    "QLinearConv": (3, (4, 5)),
}
# Those whose integers may be packed, by attributes `bits` and `block_size`.
_PACKED = ("MatMulNBits", "GatherBlockQuantized")


@dataclass(slots=True)
class Tally:
    """Weights by scheme, and the bytes they take with their scales.

    unused: sizes in bytes of the initializers that no node was seen to use yet.
    """

    unused: dict[str, int]
    weights: Counter[str] = field(default_factory=Counter)
    size_bytes: int = 0

    def use(self, name: str, scheme: str = "", weights: int = 0) -> None:
        """Count an initializer once; without weights for scales and zero points."""
        if name in self.unused:
            self.size_bytes += self.unused.pop(name)
            if weights:
                self.weights[scheme] += weights


def tally(graph: onnx.GraphProto, path: Path) -> Tally:
    """Count what the nodes of `graph` use; each initializer once. path: of the ONNX file."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    counted = Tally({name: _checked_bytes(tensor, path) for name, tensor in tensors.items()})
    for node in graph.node:
        for index in _ANGLES.get(node.op_type, ()):
            for name in node.input[index : index + 1]:
                counted.unused.pop(name, None)
        if node.op_type in _QUANTIZED:
            _tally_quantized(node, tensors, counted, path)
    for name, tensor in tensors.items():
        if tensor.data_type in _FLOATS and tensor.dims:
            counted.use(name, _FLOATS[tensor.data_type], prod(tensor.dims))
    return counted


def _tally_quantized(
    node: NodeProto, tensors: dict[str, TensorProto], counted: Tally, path: Path
) -> None:
    main, extra = _QUANTIZED[node.op_type]
    name = node.input[main] if len(node.input) > main else ""
    if name not in tensors:
        return
    counted.use(name, _scheme(node, tensors[name]), _integers(node, tensors[name], path))
    for index in extra:
        for side in node.input[index : index + 1]:
            counted.use(side)


def _attributes(node: NodeProto) -> dict[str, int]:
    return {attribute.name: int(attribute.i) for attribute in node.attribute}


def _integers(node: NodeProto, tensor: TensorProto, path: Path) -> int:
    """How many weights the packed integers of a node stand for."""
    attributes, elements = _attributes(node), prod(int(dim) for dim in tensor.dims)
    if node.op_type == "MatMulNBits":
        weights = attributes.get("K", 0) * attributes.get("N", 0)
        if not 0 < weights <= elements * BITS[tensor.data_type]:
            raise ArtefactError(str(path), f"gives {node.name!r} a shape its weights do not have")
        return weights
    packed = node.op_type == "GatherBlockQuantized" and tensor.data_type == TensorProto.UINT8
    bits = attributes.get("bits", 4) if packed else 8
    if bits not in (2, 4, 8):
        raise ArtefactError(str(path), f"gives {node.name!r} weights of {bits} bits")
    return elements * (8 // bits)


def _scheme(node: NodeProto, tensor: TensorProto) -> str:
    attributes = _attributes(node)
    if node.op_type not in _PACKED:
        return f"{node.op_type} {TensorProto.DataType.Name(tensor.data_type).lower()}"
    bits, block = attributes.get("bits", 4), attributes.get("block_size", 0)
    return f"{node.op_type} int{bits} block {block}"


def _checked_bytes(tensor: TensorProto, path: Path) -> int:
    """Bytes of one initializer, after a look that they are there."""
    if tensor.data_type not in BITS:
        raise ArtefactError(str(path), f"gives {tensor.name!r} a data type that is not known")
    if any(dim < 0 for dim in tensor.dims):
        raise ArtefactError(str(path), f"gives {tensor.name!r} a negative dimension")
    size_bytes = -(-prod(int(dim) for dim in tensor.dims) * BITS[tensor.data_type] // 8)
    if tensor.data_location == TensorProto.EXTERNAL:
        _check_external(tensor, size_bytes, path)
    elif tensor.HasField("raw_data") and len(tensor.raw_data) != size_bytes:
        raise ArtefactError(str(path), f"holds only part of the data of {tensor.name!r}")
    return size_bytes


def _check_external(tensor: TensorProto, size_bytes: int, path: Path) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    name = entries.get("location", "")
    data = inside(path.parent, name, path)
    if not data.is_file():
        raise ArtefactError(str(path.parent), f"has no file {name}, which {path.name} points to")
    try:
        end = int(entries.get("offset", "0")) + size_bytes
    except ValueError as err:
        raise ArtefactError(str(path), f"places {tensor.name!r} at no number") from err
    if end > data.stat().st_size:
        raise ArtefactError(
            str(data),
            f"is truncated: {tensor.name!r} reaches to byte {end}, "
            f"but the file ends at byte {data.stat().st_size}",
        )
