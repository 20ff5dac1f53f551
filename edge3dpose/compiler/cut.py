"""One head of a model's ONNX file as a model of its own: pruned, static, with output cutKK."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import onnx
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator
from onnx.utils import Extractor

from edge3dpose.compiler import graph as graphs
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput, BuildFailed, EngineMismatch


def cut(source: ModelProto, spec: ModelSpec, k: int, batch: int = 1) -> ModelProto:
    """Head k as a model of its own: without the nodes that it does not need, all shapes static.

    source  every head of a model, input `images` (N, 3, S, S); it is not changed
    Raises BadInput for a head that the file has not, EngineMismatch where the file is not this
    model, BuildFailed where a shape stays dynamic.
    """
    head = spec.head(k)
    if head not in {out.name for out in source.graph.output}:
        raise BadInput(f"this ONNX file has no head {head}; {spec.name} has cuts 1 to {spec.cuts}")
    if [value.name for value in source.graph.input] != ["images"]:
        raise EngineMismatch(f"this ONNX file is not {spec.name}: it wants one input, `images`")
    model = _extract(source, head)
    graph = model.graph
    S = spec.input_size
    _set_shape(graph.input[0], (batch, 3, S, S))
    _set_shape(graph.output[0], spec.output_shape(batch))
    try:
        _fold_shape_arithmetic(model)
    except onnx.shape_inference.InferenceError as error:
        raise EngineMismatch(
            f"this ONNX file is not {spec.name} as it is now, whose {head} answers "
            f"{spec.output_shape(batch)}: {str(error).splitlines()[0]}; export it anew"
        ) from None
    graphs.prune(graph)
    _refuse_dynamic_shapes(model)
    return model


def _extract(source: ModelProto, head: str) -> ModelProto:
    """The head and what it needs, without what exporters leave behind (traces, stale shapes)."""
    model = Extractor(source).extract_model(["images"], [head])
    graph = model.graph
    graph.name, model.producer_name = head, "edge3dpose"
    del graph.value_info[:]
    for thing in (*graph.node, *graph.initializer, *graph.input, *graph.output):
        thing.ClearField("doc_string")
        thing.ClearField("metadata_props")
    return model


def _set_shape(value: onnx.ValueInfoProto, shape: tuple[int, ...]) -> None:
    tensor = value.type.tensor_type
    del tensor.shape.dim[:]
    for length in shape:
        tensor.shape.dim.add().dim_value = length


def _fold_shape_arithmetic(model: ModelProto) -> None:
    """Replace what static shapes make constant (Shape, Gather, ... on the batch) by its value."""
    graph = model.graph
    known = graphs.constants(graph)
    static = {
        name: dims
        for name, dims in graphs.shapes(model).items()
        if all(isinstance(length, int) for length in dims)
    }
    for node in graph.node:
        if node.op_type == "Shape" and node.input[0] in static:
            dims = static[node.input[0]]
            start, end = (graphs.attribute(node, name) for name in ("start", "end"))
            known[node.output[0]] = np.array(dims[start:end], np.int64)
        elif node.op_type != "Constant" and all(name in known for name in node.input if name):
            inputs = {name: known[name] for name in node.input if name}
            results = cast(list[Any], ReferenceEvaluator(node).run(None, inputs))
            known.update(zip(node.output, results, strict=True))
    folded = {name for node in graph.node for name in node.output if name in known}
    for name in folded:
        graphs.set_constant(graph, name, known[name])
    graphs.keep_nodes(graph, [n for n in graph.node if not folded.issuperset(n.output)])


def _refuse_dynamic_shapes(model: ModelProto) -> None:
    onnx.checker.check_model(model, full_check=True)
    known = graphs.shapes(model)
    for node in model.graph.node:
        for name in node.output:
            dims = known.get(name, ("?",))
            if not all(isinstance(length, int) for length in dims):
                raise BuildFailed(
                    f"{model.graph.name}: the shape of {name} ({node.op_type} {node.name}) stays "
                    f"{dims}; export the model with static shapes behind its batch"
                )
