"""The Llama graph in ONNX operators, ONNX Runtime's own where there are faster ones.

Operators of domain com.microsoft: ONNX Runtime, docs/ContribOperators.md. Rotary pairs are
neighbours (`rotary_interleaved`), as in GGUF's llama architecture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import onnx
from onnx import NodeProto, TensorProto, helper

from host.artefacts.models.int4 import BLOCK_WEIGHTS
from host.artefacts.models.onnx_layout import COSINES, SINES, integers, layout, scales
from host.artefacts.models.shape import NORM_EPSILON, Shape
from host.artefacts.models.tensors import EMBEDDING, OUTPUT, OUTPUT_NORM

# IR 10 and opset 18 are read by every ONNX Runtime that onnxruntime-genai 0.18 runs on.
IR_VERSION, OPSET = 10, 18
RUNTIME = "com.microsoft"
# Activations are rounded to 8 bits in blocks, as llama.cpp does for Q4_0.
ACCURACY_LEVEL = 4


def graph(shape: Shape, about: dict[str, str]) -> onnx.ModelProto:
    """The model without its weights, which `onnx_layout` places in the data file.

    about: what the file says of itself, kept as metadata properties.
    """
    nodes = _Nodes(shape)
    _lengths(nodes)
    nodes.add(
        "GatherBlockQuantized",
        [integers(EMBEDDING), "input_ids", scales(EMBEDDING)],
        ["embedded"],
        domain=RUNTIME,
        bits=4,
        block_size=BLOCK_WEIGHTS,
        gather_axis=0,
        quantize_axis=1,
    )
    nodes.add(
        "SimplifiedLayerNormalization",
        ["embedded", "blk.0.attn_norm.weight"],
        ["blk.0.attn_in"],
        epsilon=NORM_EPSILON,
        axis=-1,
        stash_type=1,
    )
    residual = "embedded"
    for layer in range(shape.layers):
        residual = _layer(nodes, layer, residual)
    nodes.matmul(OUTPUT, "normed", "logits", shape.width, shape.vocabulary)
    made = _model(shape, nodes.listed)
    helper.set_model_props(made, about)
    return made


def _model(shape: Shape, nodes: list[NodeProto]) -> onnx.ModelProto:
    cache: list[str | int] = ["batch", shape.kv_heads, "past", shape.head_size]
    grown: list[str | int] = ["batch", shape.kv_heads, "total", shape.head_size]
    inputs = [("input_ids", ["batch", "new"]), ("attention_mask", ["batch", "total"])]
    both = [(layer, part) for layer in range(shape.layers) for part in ("key", "value")]
    made = helper.make_graph(
        nodes,
        f"inferometer reference {shape.size}",
        [_value(name, TensorProto.INT64, dims) for name, dims in inputs]
        + [_value(f"past_key_values.{at}.{part}", TensorProto.FLOAT, cache) for at, part in both],
        [_value("logits", TensorProto.FLOAT, ["batch", "new", shape.vocabulary])]
        + [_value(f"present.{at}.{part}", TensorProto.FLOAT, grown) for at, part in both],
        [slot.proto() for slot in layout(shape).values()] + [_one()],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)]
    return helper.make_model(
        made, ir_version=IR_VERSION, opset_imports=opsets, producer_name="inferometer"
    )


def _value(name: str, data_type: int, dims: Sequence[str | int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, data_type, dims)


def _one() -> TensorProto:
    return helper.make_tensor("one", TensorProto.INT64, [1], [1])


@dataclass
class _Nodes:
    """The nodes of one graph, named by their first output."""

    shape: Shape
    listed: list[NodeProto] = field(default_factory=list)

    def add(
        self,
        kind: str,
        inputs: list[str],
        outputs: list[str],
        *,
        domain: str = "",
        **attributes: float,
    ) -> None:
        name = f"{outputs[0]}/{kind}"
        self.listed.append(
            helper.make_node(kind, inputs, outputs, name, domain=domain, **attributes)
        )

    def matmul(self, weight: str, source: str, target: str, columns: int, rows: int) -> None:
        self.add(
            "MatMulNBits",
            [source, integers(weight), scales(weight)],
            [target],
            domain=RUNTIME,
            K=columns,
            N=rows,
            bits=4,
            block_size=BLOCK_WEIGHTS,
            accuracy_level=ACCURACY_LEVEL,
        )

    def skip_norm(self, source: str, residual: str, weight: str, outputs: tuple[str, str]) -> None:
        """Add to the residual stream; outputs: the norm of the sum, the sum."""
        self.add(
            "SkipSimplifiedLayerNormalization",
            [source, residual, weight],
            [outputs[0], "", "", outputs[1]],
            domain=RUNTIME,
            epsilon=NORM_EPSILON,
        )


def _lengths(nodes: _Nodes) -> None:
    """What GroupQueryAttention wants to know: tokens so far less one, and the longest total."""
    nodes.add("ReduceSum", ["attention_mask", "one"], ["tokens"], keepdims=0)
    nodes.add("Sub", ["tokens", "one"], ["tokens_less_one"])
    nodes.add("Cast", ["tokens_less_one"], ["seqlens_k"], to=TensorProto.INT32)
    nodes.add("Shape", ["attention_mask"], ["mask_shape"], start=1, end=2)
    nodes.add("Squeeze", ["mask_shape"], ["mask_length"])
    nodes.add("Cast", ["mask_length"], ["total_length"], to=TensorProto.INT32)


def _layer(nodes: _Nodes, layer: int, residual: str) -> str:
    """One layer; returns the name of the residual stream after it."""
    shape, at = nodes.shape, f"blk.{layer}."
    widths = (("q", shape.width), ("k", shape.kv_width), ("v", shape.kv_width))
    for part, rows in widths:
        nodes.matmul(f"{at}attn_{part}.weight", at + "attn_in", at + part, shape.width, rows)
    past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
    present = [f"present.{layer}.{part}" for part in ("key", "value")]
    nodes.add(
        "GroupQueryAttention",
        [at + "q", at + "k", at + "v", *past, "seqlens_k", "total_length", COSINES, SINES],
        [at + "attended", *present],
        domain=RUNTIME,
        num_heads=shape.heads,
        kv_num_heads=shape.kv_heads,
        do_rotary=1,
        rotary_interleaved=1,
    )
    nodes.matmul(
        at + "attn_output.weight", at + "attended", at + "attn_out", shape.width, shape.width
    )
    between = (at + "ffn_in", at + "residual")
    nodes.skip_norm(at + "attn_out", residual, at + "ffn_norm.weight", between)
    _feed_forward(nodes, at)
    last = layer == shape.layers - 1
    following = OUTPUT_NORM if last else f"blk.{layer + 1}.attn_norm.weight"
    normed = "normed" if last else f"blk.{layer + 1}.attn_in"
    nodes.skip_norm(at + "ffn_out", between[1], following, (normed, at + "out"))
    return at + "out"


def _feed_forward(nodes: _Nodes, at: str) -> None:
    shape = nodes.shape
    for part in ("gate", "up"):
        weight = f"{at}ffn_{part}.weight"
        nodes.matmul(weight, at + "ffn_in", at + part, shape.width, shape.feed_forward)
    nodes.add("Sigmoid", [at + "gate"], [at + "opened"])
    nodes.add("Mul", [at + "gate", at + "opened"], [at + "silu"])
    nodes.add("Mul", [at + "silu", at + "up"], [at + "gated"])
    nodes.matmul(
        at + "ffn_down.weight", at + "gated", at + "ffn_out", shape.feed_forward, shape.width
    )
