"""Where each initializer of an ONNX reference model lies in its data file."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import onnx
from onnx import TensorProto

from host.artefacts.models.int4 import BLOCK_WEIGHTS
from host.artefacts.models.shape import Shape
from host.artefacts.models.tensors import EMBEDDING, Matrix, tensors

DATA_FILE = "model.onnx.data"
# Runtimes map the data file into memory page by page.
ALIGNMENT_BYTES = 4096
COSINES, SINES = "rotary.cos", "rotary.sin"

_ITEM_BYTES = {TensorProto.UINT8: 1, TensorProto.FLOAT: 4}


@dataclass(frozen=True, slots=True)
class Slot:
    """One initializer and its place."""

    name: str
    data_type: int
    dims: tuple[int, ...]
    offset: int

    @property
    def length(self) -> int:
        """Bytes."""
        return prod(self.dims) * _ITEM_BYTES[self.data_type]

    def proto(self) -> TensorProto:
        tensor = TensorProto(name=self.name, data_type=self.data_type, dims=self.dims)
        tensor.data_location = TensorProto.EXTERNAL
        entries = (("location", DATA_FILE), ("offset", self.offset), ("length", self.length))
        for key, value in entries:
            tensor.external_data.append(onnx.StringStringEntryProto(key=key, value=str(value)))
        return tensor


def integers(name: str) -> str:
    """The initializer that holds a matrix's 4-bit integers."""
    return f"{name}.int4"


def scales(name: str) -> str:
    """The initializer that holds a matrix's scales, one for each block."""
    return f"{name}.scales"


def layout(shape: Shape) -> dict[str, Slot]:
    """All initializers by name, in the order of the file."""
    slots: dict[str, Slot] = {}
    end = 0
    for name, data_type, dims in _initializers(shape):
        offset = -(-end // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
        slots[name] = Slot(name, data_type, dims, offset)
        end = offset + slots[name].length
    return slots


def _initializers(shape: Shape) -> list[tuple[str, int, tuple[int, ...]]]:
    table = (shape.context_length, shape.head_size // 2)
    listed: list[tuple[str, int, tuple[int, ...]]] = [
        (COSINES, TensorProto.FLOAT, table),
        (SINES, TensorProto.FLOAT, table),
    ]
    for tensor in tensors(shape):
        if not isinstance(tensor, Matrix):
            listed.append((tensor.name, TensorProto.FLOAT, (tensor.size,)))
            continue
        blocks = tensor.columns // BLOCK_WEIGHTS
        gathered = tensor.name == EMBEDDING  # GatherBlockQuantized has no dimension for blocks
        packed = (tensor.columns // 2,) if gathered else (blocks, BLOCK_WEIGHTS // 2)
        listed.append((integers(tensor.name), TensorProto.UINT8, (tensor.rows, *packed)))
        listed.append((scales(tensor.name), TensorProto.FLOAT, (tensor.rows, blocks)))
    return listed
