"""ONNX graphs: reading, walking and pruning, for the passes of the compiler."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

from edge3dpose import input_files, onnx_bytes
from edge3dpose.engine_types import Weights
from edge3dpose.errors import BadInput, EngineMismatch

LAYERS = ("Conv", "ConvTranspose", "Gemm")  # whose weights have a precision


def load(path: Path) -> ModelProto:
    """Read an ONNX file and check it; every node gets a name.

    Raises BadInput where there is no file, EngineMismatch where it is not a whole ONNX model.
    """
    if not path.is_file():
        raise BadInput(f"no ONNX file at {path}")
    return parse(input_files.read(path), path)


def parse(content: bytes, path: Path) -> ModelProto:
    """The model of an ONNX file's bytes, checked; every node gets a name.

    path  named in errors
    Raises EngineMismatch where it is not a whole ONNX model, or draws on other files.
    """
    onnx_bytes.check(content, path)
    try:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model)
        _name(model.graph)
    except Exception as error:  # protobuf and the checker raise many kinds, all meaning this
        reason = " ".join(str(error).split())[:200]
        raise EngineMismatch(
            f"{path} is not a usable ONNX model (truncated or damaged?): {reason}"
        ) from None
    return model


def _name(graph: GraphProto) -> None:
    """Give every node a name; looks at every name, for some may be no text."""
    for index, node in enumerate(graph.node):
        node.name = node.name or f"{node.op_type}_{index}"
        [*node.input, *node.output, *(attribute.name for attribute in node.attribute)]
    [one.name for one in (*graph.initializer, *graph.input, *graph.output, *graph.value_info)]


def of_weights(weights: Weights) -> ModelProto:
    """The model of a weights file, verified as it is read; EngineMismatch where it holds a NaN."""
    model = parse(weights.read(), weights.onnx)
    for name, value in constants(model.graph).items():
        floats = value if value.dtype.kind == "f" else np.empty(0)
        if np.isnan(floats).any() or (floats.size > 1 and np.isinf(floats).any()):
            raise EngineMismatch(f"{weights.onnx}: {name} has numbers that are not finite")
    return model


def producers(graph: GraphProto) -> dict[str, NodeProto]:
    """Tensor name -> the node that writes it."""
    return {name: node for node in graph.node for name in node.output if name}


def constants(graph: GraphProto) -> dict[str, NDArray]:
    """Every initializer and Constant node by tensor name."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def set_constant(graph: GraphProto, name: str, value: NDArray) -> None:
    """Add an initializer, or replace the one of that name."""
    tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
    for old in graph.initializer:
        if old.name == name:
            old.CopyFrom(tensor)
            return
    graph.initializer.append(tensor)


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """A node's attribute as a Python value."""
    for found in node.attribute:
        if found.name == name:
            return onnx.helper.get_attribute_value(found)
    return default


def ancestors(graph: GraphProto, *tensors: str, stop: tuple[str, ...] = ()) -> list[NodeProto]:
    """Nodes that tensors need, in graph order; the walk ends at (and takes) ``stop`` ops.

    With ``stop=LAYERS``: what lies between a tensor and the layers that feed it, and those layers.
    """
    made_by = producers(graph)
    seen: set[str] = set()
    todo = list(tensors)
    while todo:
        node = made_by.get(todo.pop())
        if node is None or node.name in seen:
            continue
        seen.add(node.name)
        if node.op_type not in stop:
            todo.extend(node.input)
    return [node for node in graph.node if node.name in seen]


def decode_nodes(graph: GraphProto) -> list[NodeProto]:
    """Nodes between the logits and the outputs of a graph: softmax, expectation, score."""
    outputs = (out.name for out in graph.output)
    return [n for n in ancestors(graph, *outputs, stop=LAYERS) if n.op_type not in LAYERS]


def logit_layers(graph: GraphProto) -> list[NodeProto]:
    """The layers whose outputs the decode reads."""
    outputs = (out.name for out in graph.output)
    return [n for n in ancestors(graph, *outputs, stop=LAYERS) if n.op_type in LAYERS]


def keep_nodes(graph: GraphProto, nodes: Iterable[NodeProto]) -> None:
    """Leave only these nodes, and the initializers that they or the outputs read."""
    kept = list(nodes)
    read = {name for node in kept for name in node.input} | {out.name for out in graph.output}
    weights = [tensor for tensor in graph.initializer if tensor.name in read]
    for field, content in ((graph.node, kept), (graph.initializer, weights)):
        copies = [type(item).FromString(item.SerializeToString()) for item in content]
        del field[:]
        field.extend(copies)


def prune(graph: GraphProto) -> None:
    """Drop every node and initializer that no output needs."""
    keep_nodes(graph, ancestors(graph, *(out.name for out in graph.output)))


def rewire(old: str, new: str, *, readers: Iterable[NodeProto]) -> None:
    """Make these nodes read tensor ``new`` wherever they read ``old``."""
    for node in readers:
        for index, name in enumerate(node.input):
            if name == old:
                node.input[index] = new


def shapes(model: ModelProto) -> dict[str, tuple[Any, ...]]:
    """Tensor name -> inferred shape; a dimension that is not static is its symbol or ?."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    graph = inferred.graph
    found: dict[str, tuple[Any, ...]] = {t.name: tuple(t.dims) for t in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        found[value.name] = tuple(
            d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in dims
        )
    return found
