from __future__ import annotations

import hashlib
from pathlib import Path

import gguf
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from host.artefacts.models import int4
from host.artefacts.models.onnx_graph import graph
from host.artefacts.models.onnx_layout import ALIGNMENT_BYTES, layout
from host.artefacts.models.shape import SHAPES

# A change of these bytes is a new revision: raise `store.REVISION` with it.
SHA256 = {
    "genai_config.json": "347366616f3620ddc9fc647b5a2adb5476ad758c642fc36bf283c2b8a9817503",
    "model.onnx": "bb8017db8a4f53c926396c7f041e615ba098b1abad3ed50d598b44b3ad111cfc",
    "model.onnx.data": "0dceb0a77e73531dcf39589cd500aa5ec63701715267bee640aa886cd79f99d4",
    "tokenizer.json": "04882feba06cb37937031d69223d5d9e8fca6ef91604a6ae50ffcbcda4c6eb01",
    "tokenizer_config.json": "6c66e64e8b08b041826416faffa8d5522d81896c13d8821f7332d47f0c492851",
}


def test_files_are_the_ones_that_were_pinned(tiny_genai: Path) -> None:
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in tiny_genai.iterdir()
    }
    assert found == SHA256


@pytest.fixture(scope="module")
def initializers(tiny_genai: Path) -> dict[str, NDArray[np.generic]]:
    model = onnx.load(str(tiny_genai / "model.onnx"))
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_integers_and_scales_are_those_of_the_q4_0_file(
    tiny_q4_0: Path, initializers: dict[str, NDArray[np.generic]]
) -> None:
    matrices = [one for one in gguf.GGUFReader(tiny_q4_0).tensors if len(one.shape) == 2]
    assert len(matrices) == 2 + 7 * 8
    for matrix in matrices:
        blocks = int4.unpack(np.asarray(matrix.data))
        packed = initializers[f"{matrix.name}.int4"].astype(np.uint8)
        packed = packed.reshape(*blocks.scales.shape, 16)
        assert np.array_equal(int4.unpack_matmul_nbits(packed), blocks.nibbles), matrix.name
        scales = initializers[f"{matrix.name}.scales"]
        assert np.array_equal(scales, blocks.scales.astype(np.float32)), matrix.name


def test_norms_are_those_of_the_q4_0_file(
    tiny_q4_0: Path, initializers: dict[str, NDArray[np.generic]]
) -> None:
    norms = [one for one in gguf.GGUFReader(tiny_q4_0).tensors if len(one.shape) == 1]
    assert len(norms) == 1 + 2 * 8
    for norm in norms:
        assert np.array_equal(initializers[norm.name], np.asarray(norm.data)), norm.name


@pytest.mark.parametrize("size", SHAPES)
def test_initializers_lie_side_by_side_on_pages(size: str) -> None:
    end = 0
    for slot in layout(SHAPES[size]).values():
        assert slot.offset % ALIGNMENT_BYTES == 0
        assert end <= slot.offset < end + ALIGNMENT_BYTES
        end = slot.offset + slot.length


@pytest.mark.parametrize("size", SHAPES)
def test_every_node_reads_what_is_there(size: str) -> None:
    made = graph(SHAPES[size], {}).graph
    known = {one.name for one in (*made.input, *made.initializer)}
    for node in made.node:
        assert {name for name in node.input if name} <= known, node.name
        known.update(node.output)
    assert {one.name for one in made.output} <= known
