"""Plain graphs for tests: reference ones, one of a few nodes, and traces of their inferences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from host.artefacts.models.plain_graphs import graph_bytes
from host.handover.trace import InferenceTrace, RequestTrace
from tests.fakes.traces import Shape, request

ONE_THREAD = {"intra_op_num_threads": 1, "allow_spinning": False}
INPUT_SHA256, OUTPUT_SHA256 = "1" * 64, "2" * 64


def reference_graph(folder: Path, name: str, form: str) -> Path:
    path = folder / f"{name}-{form}.onnx"
    path.write_bytes(graph_bytes(name, form, 1))
    return path


def scaling_graph(path: Path, dims: Sequence[str | int] = ("batch", 3, "height")) -> Path:
    """y = 2 x, with one weight beside the graph in a file of its own."""
    weight = TensorProto(name="two", data_type=TensorProto.FLOAT, dims=[1])
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "two.bin"), ("offset", "0"), ("length", "4")):
        weight.external_data.append(onnx.StringStringEntryProto(key=key, value=value))
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "two"], ["y"])],
        "scaling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(dims))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, list(dims))],
        [weight],
    )
    made = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
    path.write_bytes(made.SerializeToString())
    (path.parent / "two.bin").write_bytes(np.array([2], dtype="<f4").tobytes())
    return path


def graph_request(
    times_ns: Sequence[int],
    *,
    batch: int = 1,
    steps: int = 1,
    item: str = "a",
    start_ns: int = 0,
    pause_ns: int = 10,
    **over: Any,  # noqa: ANN401
) -> RequestTrace:
    """Inferences of these lengths with a pause before each. over: fields of the trace."""
    ends = start_ns + np.cumsum(np.array(times_ns, dtype=np.int64) + pause_ns)
    trace = InferenceTrace(
        start_ns=ends - np.array(times_ns, dtype=np.int64),
        end_ns=ends,
        batch=batch,
        steps=steps,
        stated=len(times_ns),
        input_sha256=INPUT_SHA256,
        output_sha256=OUTPUT_SHA256,
        repeated=True,
    )
    plain = request(Shape(item=item, output_tokens=0, ttft_ns=0, prompt_tokens=0), t0_ns=start_ns)
    end_ns = int(ends[-1]) if len(ends) else start_ns
    return replace(plain, end_ns=end_ns, inferences=replace(trace, **over))
