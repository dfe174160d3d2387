"""A plain ONNX graph with the rows of its weights in another order, in place in a copy of it.

A row of a weight is all that goes with one first index: of a convolution or a dense layer what
makes one output, of a matrix product what one input is multiplied by. In another order each value
meets other ones, so outputs change, and shapes and types, and so the work, do not.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, numpy_helper

from host.artefacts.models.folder_path import inside
from host.artefacts.models.graph_info import data_files
from host.artefacts.models.onnx_weights import BITS
from host.errors import ArtefactError

# Operators and the input that is a weight (ONNX, docs/Operators.md; ONNX Runtime,
# docs/ContribOperators.md). Behind DequantizeLinear lie the integers of a graph in QDQ form.
_WEIGHTS = {
    "Conv": 1,
    "ConvInteger": 1,
    "ConvTranspose": 1,
    "DequantizeLinear": 0,
    "FusedMatMul": 1,
    "Gemm": 1,
    "MatMul": 1,
    "MatMulInteger": 1,
    "MatMulIntegerToFloat": 1,
    "MatMulNBits": 1,
    "DynamicQuantizeMatMul": 1,
    "QLinearConv": 3,
    "QLinearMatMul": 3,
}
_MATRIX = 2  # dimensions at the least: what has one is a bias or a scale
MIN_ROWS = 2
_BYTE = 8

Order = Callable[[str, int], NDArray[np.int64]]


def files_of(path: Path) -> tuple[str, ...]:
    """Names of the graph's file and of those that hold its data, below its folder."""
    return (path.name, *sorted(data_files(_load(path), path)))


def permute_graph(path: Path, order: Order) -> tuple[str, ...]:
    """Change the file, and those of its data beside it; gives the names of the weights changed.

    order: (name, rows) -> the row that comes to each place. Raises ArtefactError for a damaged
    graph.
    """
    model = _load(path)
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    names = sorted({name for node in model.graph.node if (name := _weight(node)) in tensors})
    changed = [name for name in names if _permute(tensors[name], path, order)]
    path.write_bytes(model.SerializeToString())
    return tuple(changed)


def _load(path: Path) -> onnx.ModelProto:
    try:
        return onnx.load(str(path), load_external_data=False)
    except (DecodeError, OSError) as err:
        raise ArtefactError(str(path), "is not an ONNX model, or is damaged") from err


def _weight(node: NodeProto) -> str:
    """The name of a node's weight, "" where it has none."""
    place = _WEIGHTS.get(node.op_type)
    return node.input[place] if place is not None and len(node.input) > place else ""


def _permute(tensor: TensorProto, path: Path, order: Order) -> bool:
    """Whether its rows could be told apart as whole bytes, and were put in another order."""
    dims = tuple(int(dim) for dim in tensor.dims)
    bits = BITS.get(tensor.data_type, 0)
    if len(dims) < _MATRIX or dims[0] < MIN_ROWS or not bits:
        return False
    row_bits = prod(dims[1:]) * bits
    if row_bits % _BYTE or not row_bits:
        return False
    rows = order(tensor.name, dims[0])
    if tensor.data_location == TensorProto.EXTERNAL:
        _in_file(tensor, path, (dims[0], row_bits // _BYTE), rows)
    elif tensor.HasField("raw_data"):
        data = np.frombuffer(tensor.raw_data, np.uint8)
        if len(data) != dims[0] * row_bits // _BYTE:
            raise ArtefactError(str(path), f"holds only part of the data of {tensor.name!r}")
        tensor.raw_data = data.reshape(dims[0], -1)[rows].tobytes()
    else:
        typed = numpy_helper.to_array(tensor)[rows]
        tensor.CopyFrom(numpy_helper.from_array(typed, tensor.name))
    return True


def _in_file(
    tensor: TensorProto, path: Path, shape: tuple[int, int], rows: NDArray[np.int64]
) -> None:
    """One matrix at a time is in memory."""
    place = {entry.key: entry.value for entry in tensor.external_data}
    file = inside(path.parent, place.get("location", ""), path)
    offset = int(place.get("offset", "0"))
    if offset < 0 or offset + prod(shape) > file.stat().st_size:
        raise ArtefactError(str(path), f"{tensor.name} reaches past the end of {file.name}")
    data = np.memmap(file, np.uint8, "r+", offset, shape)
    data[:] = data[rows]
    data.flush()
