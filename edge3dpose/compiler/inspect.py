"""What a cut costs: static model -> parameters, multiply-accumulates, nodes, bytes.

Counted as in the paper's tables: convolution weights and batch-norm scale and shift; one
multiply-accumulate is 1, convolutions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto

from edge3dpose.compiler import graph as graphs


@dataclass(frozen=True, slots=True)
class Cost:
    """What one cut costs at batch 1."""

    params: int
    macs: int
    nodes: int
    size_bytes: int


def cost(model: ModelProto) -> Cost:
    """Count a static FP32 model, such as compiler.cut makes."""
    known = {t.name: tuple(t.dims) for t in model.graph.initializer}
    shapes = graphs.shapes(model)
    island = {node.name for node in graphs.decode_island(model.graph)}
    trunk = [node for node in model.graph.node if node.name not in island]
    return Cost(
        params=sum(_params(node, known) for node in trunk),
        macs=sum(_macs(node, shapes) for node in trunk),
        nodes=len(model.graph.node),
        size_bytes=model.ByteSize(),
    )


def _params(node: NodeProto, known: dict[str, tuple[int, ...]]) -> int:
    """A node's own learnable numbers; exporters may share equal tensors, so nodes are counted."""
    if node.op_type == "BatchNormalization":
        learnt = node.input[1:3]  # scale, shift; running statistics are not learnt
    elif node.op_type in (*graphs.LAYERS, "PRelu"):
        learnt = node.input[1:]
    elif node.op_type in ("Mul", "Add"):  # a batch norm in another form
        learnt = [name for name in node.input if np.prod(known.get(name, (1,))) > 1]
    else:
        learnt = []
    return sum(int(np.prod(known[name])) for name in learnt if name in known)


def _macs(node: NodeProto, shapes: dict[str, tuple[Any, ...]]) -> int:
    if node.op_type not in graphs.LAYERS:
        return 0
    weights = int(np.prod(shapes[node.input[1]]))
    # Every weight meets every cell once: of the output for Conv, of the input for its transpose.
    cells = shapes[node.input[0] if node.op_type == "ConvTranspose" else node.output[0]]
    return weights * int(np.prod(cells[2:])) * int(cells[0])
