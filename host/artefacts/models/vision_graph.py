"""The vision reference graph: convolutions in float32, or 8 bits with QuantizeLinear pairs.

Operators: ONNX, docs/Operators.md, opset 18. In the INT8 form activations are 8 bits without a
sign in fixed steps, weights 8 bits with one scale for each output channel, biases 32 bits in steps
of activation scale times weight scale; a runtime fuses each group into one integer convolution.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from onnx import NodeProto, TensorProto, helper

from host.artefacts.models.graph_weights import bias, int8_by_row, model_of, tensor, weights
from host.artefacts.models.onnx_graph import IR_VERSION, OPSET

IMAGE_PIXELS, CHANNELS, CLASSES = 96, (3, 32, 64, 128, 128), 1000
KERNEL = 3
# He initialisation: variance 2 / fan-in keeps activations alike after a ReLU (arXiv:1502.01852).
GAIN = 2**0.5
# Seeded images are in [-1, 1), which 8 bits without a sign hold in steps of 2/255 around 128.
IMAGE_STEP, IMAGE_ZERO = 2 / 255, 128
RELU6_STEP = 6 / 255  # [0, 6] in 255 steps from 0


def vision(name: str, form: str, seed: int) -> bytes:
    """The file of the vision graph. form: `float32` or `int8`."""
    made = _Layers(name, seed, quantized=form == "int8")
    current, step, zero = "image", IMAGE_STEP, IMAGE_ZERO
    for index, size in enumerate(CHANNELS[1:]):
        current = made.convolution(index, current, (size, CHANNELS[index]), (step, zero))
        step, zero = RELU6_STEP, 0
    made.add("GlobalAveragePool", [made.stepped(current, step, zero)], "pooled")
    made.add("Flatten", ["pooled"], "features")
    made.dense("features", "logits", RELU6_STEP)
    image = ["batch", CHANNELS[0], IMAGE_PIXELS, IMAGE_PIXELS]
    graph = helper.make_graph(
        made.nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", CLASSES])],
        list(made.initializers.values()),
    )
    about = {
        "name": f"inferometer reference {name}",
        "description": f"Seeded random weights for measuring, seed {seed}.",
        "license": "Apache-2.0",
    }
    return model_of(graph, {"": OPSET}, IR_VERSION, about)


@dataclass
class _Layers:
    """Nodes and initializers of one graph, named by their output."""

    name: str
    seed: int
    quantized: bool
    nodes: list[NodeProto] = field(default_factory=list)
    initializers: dict[str, TensorProto] = field(default_factory=dict)

    def add(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        node = helper.make_node(kind, inputs, [output], f"{output}/{kind}", **attributes)
        self.nodes.append(node)
        return output

    def constant(self, name: str, values: np.ndarray) -> str:
        self.initializers[name] = tensor(name, values)
        return name

    def convolution(
        self, index: int, source: str, sizes: tuple[int, int], steps: tuple[float, int]
    ) -> str:
        """3x3, stride 2, ReLU6. sizes: channels out and in. steps: scale and zero of the input."""
        out = f"conv{index}"
        shape = (*sizes, KERNEL, KERNEL)
        drawn = weights(self.seed, f"{self.name}/{out}", shape, GAIN)
        fed = [self.stepped(source, *steps), *self.weighted(out, drawn, steps[0])]
        attributes = {"kernel_shape": [KERNEL] * 2, "strides": [2, 2], "pads": [1, 1, 1, 1]}
        self.add("Conv", fed, f"{out}.sum", **attributes)
        low = self.constant("zero", np.array(0, dtype=np.float32))
        high = self.constant("six", np.array(6, dtype=np.float32))
        return self.add("Clip", [f"{out}.sum", low, high], f"{out}.out")

    def dense(self, source: str, target: str, step: float) -> None:
        """One weight matrix with a bias, no activation."""
        drawn = weights(self.seed, f"{self.name}/dense", (CLASSES, CHANNELS[-1]), GAIN)
        fed = [self.stepped(source, step, 0), *self.weighted("dense", drawn, step)]
        self.add("Gemm", fed, target, transB=1)

    def stepped(self, source: str, step: float, zero: int) -> str:
        """Activations in steps of 8 bits and back; the name itself in float32."""
        if not self.quantized:
            return source
        scale = self.constant(f"{source}.scale", np.array(step, dtype=np.float32))
        at = self.constant(f"{source}.zero", np.array(zero, dtype=np.uint8))
        self.add("QuantizeLinear", [source, scale, at], f"{source}.u8")
        return self.add("DequantizeLinear", [f"{source}.u8", scale, at], f"{source}.stepped")

    def weighted(self, name: str, drawn: np.ndarray, step: float) -> tuple[str, str]:
        """Names of weight and bias as the node takes them."""
        shift = bias(self.seed, f"{self.name}/{name}.bias", len(drawn))
        if not self.quantized:
            weight = self.constant(f"{name}.weight", drawn)
            return weight, self.constant(f"{name}.bias", shift)
        found = int8_by_row(drawn)
        scale = self.constant(f"{name}.weight.scale", found.scales)
        both = (np.float32(step) * found.scales).astype(np.float32)
        whole = self.constant(f"{name}.weight.i8", found.integers)
        weight = self.add("DequantizeLinear", [whole, scale], f"{name}.weight", axis=0)
        sums = np.rint(shift / both).astype(np.int32)
        of_bias = self.constant(f"{name}.bias.scale", both)
        summed = self.constant(f"{name}.bias.i32", sums)
        return weight, self.add("DequantizeLinear", [summed, of_bias], f"{name}.bias", axis=0)
