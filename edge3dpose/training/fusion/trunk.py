"""MoveNet's layers up to its four maps, for any number of crops, in plain ONNX operators."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper
from onnx.utils import Extractor

# Tensors of MoveNet's file: its first convolution's input, and the four maps of its heads
ENTRY = "t_5"
HEAT, REGRESSION, CENTRE, OFFSET = "t_417", "t_421", "t_425", "t_429"
SIDE = 64  # of a map
PREFIX = "movenet/"


def trunk_of(thunder: ModelProto) -> ModelProto:
    """From the image to the four maps, for N crops; names prefixed, weights kept in FP16."""
    known = onnx.shape_inference.infer_shapes(thunder)
    trunk = Extractor(known).extract_model([ENTRY], [HEAT, REGRESSION, CENTRE, OFFSET])
    del trunk.graph.value_info[:]
    for value in (*trunk.graph.input, *trunk.graph.output):
        value.type.tensor_type.ClearField("shape")
    entry = trunk.graph.input[0].type.tensor_type.shape
    entry.dim.add().dim_param = "N"
    for length in (3, 4 * SIDE, 4 * SIDE):
        entry.dim.add().dim_value = length
    trunk = onnx.load_from_string(_without_transposes(trunk.SerializeToString()))
    _prefix(trunk.graph)
    return trunk


def _without_transposes(model: bytes) -> bytes:
    """The graph in standard operators as ONNX Runtime simplifies it: TensorFlow's axes are gone."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "trunk.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(out)
        options.log_severity_level = 3
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return out.read_bytes()


def _prefix(graph: GraphProto) -> None:
    """Names of its own for all tensors; constants of many numbers as FP16, which they were."""
    half: list[onnx.NodeProto] = []
    for tensor in graph.initializer:
        tensor.name = PREFIX + tensor.name
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.size > 16:
            narrow = array.astype(np.float16)
            if np.array_equal(narrow.astype(np.float32), array):
                full = tensor.name
                tensor.CopyFrom(numpy_helper.from_array(narrow, full + "_fp16"))
                half.append(
                    helper.make_node("Cast", [full + "_fp16"], [full], to=TensorProto.FLOAT)
                )
    for node in graph.node:
        node.name = PREFIX + (node.name or node.output[0])
        for names in (node.input, node.output):
            names[:] = [PREFIX + name if name else "" for name in names]
    nodes = [*half, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
