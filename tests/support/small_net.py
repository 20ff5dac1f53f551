"""A network with the parts of SSP-Net and few channels, written with onnx.helper: seeded, no torch.

Each of its blocks has a pre-activated separable residual unit, an exit to the decode and a
re-injection of what it predicted, and its exits are peaky, so that a pose depends on the picture.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge3dpose import models, paths
from edge3dpose.engine_types import ModelSpec, Weights

J = 17


class SmallNet:
    """Nodes and weights of a network with ``blocks`` heads and ``width`` channels."""

    def __init__(self, spec: ModelSpec, seed: int, width: int = 16, blocks: int = 24) -> None:
        self.rng = np.random.default_rng(seed)
        self.spec, self.width = spec, width
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: dict[str, np.ndarray] = {}
        self.heads = [spec.head(k) for k in range(1, blocks + 1)]

    def op(self, kind: str, *inputs: str, name: str, outputs: int = 1, **attributes: object) -> str:
        """Add a node; its outputs are called ``name`` (or name.0, name.1, ...)."""
        many = [f"{name}.{i}" for i in range(outputs)] if outputs > 1 else [name]
        self.nodes.append(helper.make_node(kind, inputs, many, name=f"node.{name}", **attributes))
        return name

    def const(self, name: str, value: np.ndarray) -> str:
        self.tensors[name] = value
        return name

    def conv(self, x: str, name: str, c_in: int, c_out: int, side: int = 1, group: int = 1,
             stride: int = 1, gain: float = 1.0) -> str:  # fmt: skip
        fan = c_in // group * side * side
        shape = (c_out, c_in // group, side, side)
        weights = self.rng.normal(0, gain * np.sqrt(2 / fan), shape).astype(np.float32)
        pads = [side // 2] * 4
        return self.op("Conv", x, self.const(f"{name}.weight", weights), name=name,
                       group=group, strides=[stride] * 2, pads=pads)  # fmt: skip

    def norm_relu(self, x: str, name: str) -> str:
        c = self.width
        vectors = (
            self.rng.uniform(0.5, 1.5, c),
            self.rng.normal(0, 0.2, c),
            self.rng.normal(0, 0.2, c),
            self.rng.uniform(0.5, 2, c),
        )
        names = [
            self.const(f"{name}.{part}", value.astype(np.float32))
            for part, value in zip("abmv", vectors, strict=True)
        ]
        normed = self.op("BatchNormalization", x, *names, name=f"{name}.bn", epsilon=1e-3)
        return self.op("Relu", normed, name=f"{name}.relu")

    def block(self, x: str, head: str) -> str:
        """x (N, width, H, W) -> the next block's x; writes the output ``head``."""
        c = self.width
        active = self.norm_relu(x, f"{head}.in")
        deep = self.conv(active, f"{head}.depthwise", c, c, side=5, group=c)
        added = self.op("Add", self.conv(deep, f"{head}.pointwise", c, c, gain=0.3), x,
                        name=f"{head}.sum")  # fmt: skip
        q = self.norm_relu(added, f"{head}.out")
        self.decode(self.conv(q, f"{head}.exit", c, 2 * J, gain=4.0), head)
        maps = self.conv(q, f"{head}.heads", c, 3 * J)
        sizes = self.const("thirds", np.array([J, J, J]))
        self.op("Split", maps, sizes, name=f"{head}.map", outputs=3, axis=1)
        heat = self.op("Relu", f"{head}.map.0", name=f"{head}.heat")
        back = self.op(
            "Concat", heat, f"{head}.map.1", f"{head}.map.2", name=f"{head}.back", axis=1
        )
        again = self.conv(back, f"{head}.reinject", 3 * J, c, gain=0.1)
        return self.op("Add", added, again, name=f"{head}.next")

    def decode(self, logits: str, head: str) -> None:
        """Logits (N, 2J, H, W) -> u, v, z, score; with the shape arithmetic of some exporters."""
        side = self.spec.input_size // 16
        n = self.op("Shape", logits, name=f"{head}.n", start=0, end=1)
        rest = self.const("flat", np.array([2 * J, side * side]))
        shape = self.op("Concat", n, rest, name=f"{head}.shape", axis=0)
        flat = self.op("Reshape", logits, shape, name=f"{head}.flat")
        halves = self.const("halves", np.array([J, J]))
        self.op("Split", flat, halves, name=f"{head}.part", outputs=2, axis=1)
        share = self.op("Softmax", f"{head}.part.0", name=f"{head}.share", axis=2)
        line = np.linspace(0, 1, side, dtype=np.float32)
        v, u = np.meshgrid(line, line, indexing="ij")
        ramps = self.const("ramps", np.stack([u.ravel(), v.ravel()], 1))
        uv = self.op("MatMul", share, ramps, name=f"{head}.uv")
        depth = self.op("Sigmoid", f"{head}.part.1", name=f"{head}.depth")
        product = self.op("Mul", share, depth, name=f"{head}.product")
        last = self.const("last", np.array([2]))
        z = self.op("ReduceSum", product, last, name=f"{head}.z", keepdims=1)
        score = self.op("ReduceMax", share, last, name=f"{head}.score", keepdims=1)
        self.op("Concat", uv, z, score, name=head, axis=2)

    def model(self) -> onnx.ModelProto:
        S = self.spec.input_size
        x = self.conv("images", "stem", 3, self.width, side=7, stride=8)
        x = self.op("MaxPool", x, name="pool", kernel_shape=[2, 2], strides=[2, 2])
        for head in self.heads:
            x = self.block(x, head)
        tensors = [numpy_helper.from_array(value, name) for name, value in self.tensors.items()]
        graph = helper.make_graph(
            self.nodes,
            "small",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, S, S])],
            [helper.make_tensor_value_info(h, TensorProto.FLOAT, ["N", J, 4]) for h in self.heads],
            tensors,
        )
        opset = [helper.make_opsetid("", 20)]
        return helper.make_model(graph, opset_imports=opset, ir_version=10)


def write(folder: Path, seed: int = 0, model: str = "sspnet-lite") -> Weights:
    """A small network under a real model's name, with its card: what open_weights takes."""
    spec = models.find(model)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{model}.onnx"
    onnx.save(SmallNet(spec, seed).model(), file)
    card = {"model": model, "sha256": paths.sha256_of(file), "state": "untrained", "cuts": {}}
    file.with_suffix(".json").write_text(json.dumps(card))
    return models.open_weights(spec, file)
