"""The cost of each cut: model -> parameters, multiply-accumulates, nodes, bytes.

Counted as in the paper's tables: convolution weights and batch-norm scale and shift; one
multiply-accumulate is 1, convolutions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto

from edge3dpose import models, paths
from edge3dpose.compiler import graph as graphs
from edge3dpose.engine_types import ModelSpec
from edge3dpose.models._summary import CutSummary, ModelSummary


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one cut for one person."""

    params: int
    macs: int
    nodes: int
    weight_bytes: int  # of the tensors in the file, FP32


def summary(spec: ModelSpec, onnx: Path | None = None) -> ModelSummary:
    """A model's cuts: cost by the ONNX file, errors by the card.

    onnx  weights of the user's own; None for the shipped ones, which need not exist
    Raises BadInput and EngineMismatch for weights that are missing or damaged.
    """
    if onnx is None and not paths.weights_file(spec.name).is_file():
        return ModelSummary(spec)
    weights = models.open_weights(spec, onnx)
    card = weights.card.get("cuts") or {}
    cuts = []
    for head, cost in costs(graphs.of_weights(weights)).items():
        cut = int(head.removeprefix("cut"))
        errors = card.get(str(cut)) or {}
        cuts.append(CutSummary(cut, cost.params, cost.macs, cost.weight_bytes, errors))
    return ModelSummary(spec, weights, weights.onnx.stat().st_size, tuple(cuts))


def costs(model: ModelProto) -> dict[str, Cost]:
    """Count every head of an FP32 model, or the one of a cut: name of the output -> Cost."""
    one = ModelProto.FromString(model.SerializeToString())
    one.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    known = {t.name: tuple(t.dims) for t in one.graph.initializer}
    size = {t.name: len(t.raw_data) for t in one.graph.initializer}
    for node in one.graph.node:  # weights that are stored in FP16
        if node.op_type == "Cast" and node.input[0] in known:
            stored, name = node.input[0], node.output[0]
            known[name], size[name] = known[stored], 4 * int(np.prod(known[stored]))
            size[stored] = 0
    shapes = graphs.shapes(one)
    decode_names = {node.name for node in graphs.decode_nodes(one.graph)}
    found = {}
    for head in one.graph.output:
        nodes = graphs.ancestors(one.graph, head.name)
        trunk = [node for node in nodes if node.name not in decode_names]
        read = {name for node in nodes for name in node.input}
        found[head.name] = Cost(
            params=sum(_params(node, known) for node in trunk),
            macs=sum(_macs(node, shapes) for node in trunk),
            nodes=len(nodes),
            weight_bytes=sum(size.get(name, 0) for name in read),
        )
    return found


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
