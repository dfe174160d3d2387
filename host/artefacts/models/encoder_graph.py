"""The encoder reference graph: matrix products in float32, in 8 bits or in 4.

Operators: ONNX, docs/Operators.md, opset 18; MatMulNBits and Gelu: ONNX Runtime,
docs/ContribOperators.md. INT8: activations get 8 bits with steps found as they come
(DynamicQuantizeLinear), weights 8 bits with one scale for each output (MatMulInteger). INT4: only
weights, in blocks of 32 (MatMulNBits).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, TensorProto, helper

from host.artefacts.models.graph_weights import int8_by_row, model_of, nbits, tensor, weights
from host.artefacts.models.int4 import BLOCK_WEIGHTS
from host.artefacts.models.onnx_graph import IR_VERSION, OPSET, RUNTIME
from host.artefacts.models.shape import NORM_EPSILON

WORDS, WIDTH, INNER, HEADS, LAYERS = 1000, 128, 512, 4, 4
HEAD = WIDTH // HEADS


def encoder(name: str, form: str, seed: int) -> bytes:
    """The file of the encoder graph. form: `float32`, `int8` or `int4`."""
    made = _Layers(name, form, seed)
    table = made.constant("words", weights(seed, f"{name}/words", (WORDS, WIDTH), WIDTH**0.5))
    current = made.add("Gather", [table, "input_ids"], "embedded")
    for layer in range(LAYERS):
        current = _layer(made, f"layer{layer}.", current)
    made.norm(current, "hidden")
    made.constant("middle", np.array([1], dtype=np.int64))
    made.add("ReduceMean", ["hidden", "middle"], "embedding", keepdims=0)
    graph = helper.make_graph(
        made.nodes,
        name,
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "sequence"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])],
        list(made.initializers.values()),
    )
    about = {
        "name": f"inferometer reference {name}",
        "description": f"Seeded random weights for measuring, seed {seed}.",
        "license": "Apache-2.0",
    }
    return model_of(graph, {"": OPSET, RUNTIME: 1}, IR_VERSION, about)


@dataclass
class _Layers:
    """Nodes and initializers of one graph, named by their output."""

    name: str
    form: str
    seed: int
    nodes: list[NodeProto] = field(default_factory=list)
    initializers: dict[str, TensorProto] = field(default_factory=dict)

    def add(
        self, kind: str, inputs: list[str], output: str, *, domain: str = "", **more: object
    ) -> str:
        name = f"{output}/{kind}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name, domain=domain, **more))
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        self.initializers[name] = tensor(name, values)
        return name

    def norm(self, source: str, output: str) -> str:
        scale = self.constant("ones", np.ones(WIDTH, dtype=np.float32))
        return self.add("LayerNormalization", [source, scale], output, epsilon=NORM_EPSILON)

    def product(self, source: str, output: str, sizes: tuple[int, int]) -> str:
        """Source times a drawn matrix. sizes: outputs and inputs."""
        rows = weights(self.seed, f"{self.name}/{output}", sizes, 1.0)
        if self.form == "int4":
            return self._product_int4(source, output, rows)
        if self.form == "int8":
            return self._product_int8(source, output, rows)
        return self.add("MatMul", [source, self.constant(f"{output}.weight", rows.T)], output)

    def _product_int4(self, source: str, output: str, rows: np.ndarray) -> str:
        pair = nbits(f"{output}.weight", rows)
        self.initializers |= {one.name: one for one in pair}
        sizes = {"N": rows.shape[0], "K": rows.shape[1], "bits": 4, "block_size": BLOCK_WEIGHTS}
        fed = [source, *(one.name for one in pair)]
        return self.add("MatMulNBits", fed, output, domain=RUNTIME, **sizes)

    def _product_int8(self, source: str, output: str, rows: np.ndarray) -> str:
        found = int8_by_row(rows)
        whole = self.constant(f"{output}.weight.i8", found.integers.T)
        scale = self.constant(f"{output}.weight.scale", found.scales)
        parts = [f"{output}.{part}" for part in ("u8", "step", "zero")]
        node = helper.make_node("DynamicQuantizeLinear", [source], parts, f"{output}/Dynamic")
        self.nodes.append(node)
        self.add("MatMulInteger", [parts[0], whole, parts[2]], f"{output}.i32")
        self.add("Cast", [f"{output}.i32"], f"{output}.sum", to=TensorProto.FLOAT)
        both = self.add("Mul", [parts[1], scale], f"{output}.scale")
        return self.add("Mul", [f"{output}.sum", both], output)


def _layer(made: _Layers, at: str, residual: str) -> str:
    """One layer; gives the name of the residual stream after it."""
    normed = made.norm(residual, f"{at}attn_in")
    shape = made.constant("heads", np.array([0, 0, HEADS, HEAD], dtype=np.int64))
    turned = {"q": [0, 2, 1, 3], "k": [0, 2, 3, 1], "v": [0, 2, 1, 3]}
    for part, order in turned.items():
        made.product(normed, f"{at}{part}", (WIDTH, WIDTH))
        made.add("Reshape", [f"{at}{part}", shape], f"{at}{part}.heads")
        made.add("Transpose", [f"{at}{part}.heads"], f"{at}{part}.turned", perm=order)
    root = made.constant("root", np.array(HEAD**-0.5, dtype=np.float32))
    made.add("MatMul", [f"{at}q.turned", f"{at}k.turned"], f"{at}scores")
    made.add("Mul", [f"{at}scores", root], f"{at}scaled")
    made.add("Softmax", [f"{at}scaled"], f"{at}shares", axis=-1)
    made.add("MatMul", [f"{at}shares", f"{at}v.turned"], f"{at}seen")
    made.add("Transpose", [f"{at}seen"], f"{at}seen.back", perm=[0, 2, 1, 3])
    flat = made.constant("flat", np.array([0, 0, WIDTH], dtype=np.int64))
    made.add("Reshape", [f"{at}seen.back", flat], f"{at}attended")
    made.product(f"{at}attended", f"{at}attn_out", (WIDTH, WIDTH))
    between = made.add("Add", [residual, f"{at}attn_out"], f"{at}between")
    made.product(made.norm(between, f"{at}ffn_in"), f"{at}up", (INNER, WIDTH))
    made.add("Gelu", [f"{at}up"], f"{at}opened", domain=RUNTIME)
    made.product(f"{at}opened", f"{at}down", (WIDTH, INNER))
    return made.add("Add", [between, f"{at}down"], f"{at}out")
