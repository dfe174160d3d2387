"""A model with rows of its weights in another order: as long, other bytes, other output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from agent.engines.table import maker
from agent.inferences import graph_of
from collectors.clocks import device_clock
from host.artefacts.models.graph_names import FORMS
from host.artefacts.models.inspection import inspect
from host.artefacts.models.permuted import order_of, permute
from host.errors import ArtefactError
from tests.fakes.graphs import ONE_THREAD, reference_graph, scaling_graph

SEED = bytes(range(32))
KINDS: Mapping[str, dict[str, Any]] = {
    "llama_cpp": {"n_threads": 1, "n_ctx": 256},
    "onnx_genai": {"n_ctx": 256, "intra_op_num_threads": 1, "allow_spinning": False},
}


def said(path: Path, kind: str) -> list[int]:
    """The first tokens that the real engine answers with."""
    engine = maker(kind)(path, KINDS[kind], device_clock())
    engine.load()
    tokens: list[int] = []
    engine.generate(
        engine.tokenize("harbour lantern meadow"),
        6,
        stop_at_end=False,
        on_token=lambda _ready, _t, token: tokens.append(token),
        mark=lambda _name: device_clock().now_ns(),
    )
    engine.close()
    return tokens


@pytest.mark.parametrize("kind", KINDS)
def test_a_permuted_model_is_as_large_and_says_something_else(
    kind: str, tiny_gguf: Path, tiny_genai: Path, tmp_path: Path
) -> None:
    model = tiny_gguf if kind == "llama_cpp" else tiny_genai
    other = tmp_path / f"other{model.suffix if model.is_file() else ''}"
    changed = permute(model, other, SEED)
    before, after = inspect(model), inspect(other)
    assert changed
    assert (before.size_bytes, before.parameters) == (after.size_bytes, after.parameters)
    assert before.sha256 != after.sha256
    assert said(model, kind) != said(other, kind)


def test_the_same_seed_permutes_to_the_same_bytes_and_rows_are_kept(
    tiny_gguf: Path, tmp_path: Path
) -> None:
    once, again, other = (tmp_path / f"{name}.gguf" for name in ("once", "again", "other"))
    for path, seed in ((once, SEED), (again, SEED), (other, bytes(32))):
        permute(tiny_gguf, path, seed)
    assert once.read_bytes() == again.read_bytes() != other.read_bytes()
    assert sorted(order_of(SEED, "blk.0.ffn_down.weight", 97)) == list(range(97))
    counts = [Counter(path.read_bytes()) for path in (tiny_gguf, once)]
    assert counts[0] == counts[1]


def test_a_model_without_layers_that_are_known_is_not_permuted(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "bare.gguf", "odd")
    writer.add_tensor("some.weight", np.zeros((4, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ArtefactError, match="no weight matrix of a layer"):
        permute(tmp_path / "bare.gguf", tmp_path / "other.gguf", SEED)
    assert not (tmp_path / "other.gguf").exists()


@pytest.mark.parametrize(
    ("name", "form"), [(name, form) for name, forms in FORMS.items() for form in forms]
)
def test_a_permuted_graph_is_as_large_and_gives_something_else(
    name: str, form: str, tmp_path: Path
) -> None:
    graph = reference_graph(tmp_path, name, form)
    changed = permute(graph, tmp_path / "other", SEED)
    other = tmp_path / "other" / graph.name
    before, after = inspect(graph), inspect(other)
    assert changed
    assert (before.size_bytes, before.parameters) == (after.size_bytes, after.parameters)
    assert before.sha256 != after.sha256
    assert outputs(graph) != outputs(other)
    assert permute(graph, tmp_path / "again", SEED) == changed
    assert (tmp_path / "again" / graph.name).read_bytes() == other.read_bytes()


def outputs(path: Path) -> str:
    """Of the real engine, on inputs of a seed."""
    known = {"symbols": {"sequence": 8}, "ranges": {"input_ids": [0, 1000]}}
    named = known if "encoder" in path.name else {}
    engine = maker("onnx")(path, {**ONE_THREAD, **named}, device_clock())
    engine.load()
    graph = graph_of(engine)
    graph.prepare("seed:1")
    return graph.digest(graph.infer())


def test_weights_beside_a_graph_are_permuted_in_a_copy_of_their_file(tmp_path: Path) -> None:
    weight = numpy_helper.from_array(np.arange(12, dtype="<f4").reshape(4, 3), "w")
    made = helper.make_model(
        helper.make_graph(
            [helper.make_node("MatMul", ["x", "w"], ["y"])],
            "product",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
            [weight],
        ),
        ir_version=10,
        opset_imports=[helper.make_opsetid("", 18)],
    )
    graph = tmp_path / "graph.onnx"
    onnx.save(made, str(graph), save_as_external_data=True, location="w.bin", size_threshold=0)
    before = (tmp_path / "w.bin").read_bytes()
    assert permute(graph, tmp_path / "other", SEED) == ("w",)
    after = (tmp_path / "other" / "w.bin").read_bytes()
    assert (tmp_path / "w.bin").read_bytes() == before != after
    rows = [before[i : i + 12] for i in range(0, 48, 12)]
    assert sorted(rows) == sorted(after[i : i + 12] for i in range(0, 48, 12))


def test_a_graph_without_weights_of_two_dimensions_is_not_permuted(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="none was permuted"):
        permute(scaling_graph(tmp_path / "scaling.onnx"), tmp_path / "other", SEED)
    assert not (tmp_path / "other").exists()
