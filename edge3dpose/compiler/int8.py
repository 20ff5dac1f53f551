"""FP32 model and activation ranges -> the same model with explicit, symmetric INT8 Q/DQ.

Zero points are 0, weights have a scale a channel and are stored as INT8, activations have one scale
a tensor: TensorRT takes nothing else, and OpenVINO is fastest with it. Biases, residual sums, the
layers that write or read per-joint maps, and the decode stay as they are.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.errors import BuildFailed

LEVELS = 127  # -127..127, symmetric
SMALLEST_SCALE = 2.0**-17  # FP16 still holds it; a channel below 127 of it is next to zero


def quantise(
    model: ModelProto,
    ranges: dict[str, float],
    *,
    skip: frozenset[str] = frozenset(),
    weight_bits: int = 8,
) -> ModelProto:
    """Quantise every convolution but those of ``float_layers``.

    model   static FP32, as compiler.cut makes it; it is not changed
    ranges  tensor -> magnitude that becomes 127, from real frames (compiler.calibrate)
    skip    names of more layers to leave in floating point
    weight_bits  7: weights are -63..63, so that two products fit into 16 bits
    Raises BuildFailed where a range is missing.
    """
    result = ModelProto.FromString(model.SerializeToString())
    graph = result.graph
    layers = quantisable(result, skip=skip)
    known = graphs.constants(graph)
    for layer in layers:
        if layer.input[0] not in ranges:
            raise BuildFailed(
                f"no range for {layer.input[0]}, which {layer.name} reads; "
                "calibrate again: edge3dpose calibrate"
            )
        _quantise_weights(graph, layer, known[layer.input[1]], 2 ** (weight_bits - 1) - 1)
    for tensor in dict.fromkeys(layer.input[0] for layer in layers):
        readers = [layer for layer in layers if layer.input[0] == tensor]
        _quantise_activation(graph, tensor, ranges[tensor], readers)
    graphs.prune(graph)
    onnx.checker.check_model(result, full_check=True)
    return result


def quantisable(model: ModelProto, *, skip: frozenset[str] = frozenset()) -> list[NodeProto]:
    """The convolutions that become INT8: depthwise and pointwise together."""
    in_float = float_layers(model) | skip
    known = graphs.constants(model.graph)
    return [
        node
        for node in model.graph.node
        if node.op_type == "Conv" and node.name not in in_float and node.input[1] in known
    ]


def float_layers(model: ModelProto) -> frozenset[str]:
    """Names of the layers that stay in floating point.

    They write the logits, or are 1x1 convolutions that read or write per-joint maps. Rounded logits
    cost millimetres, and these layers take next to no time.
    """
    joints = model.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    maps = {joints, 2 * joints, 3 * joints}
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    return frozenset(node.name for node in graphs.logit_layers(model.graph)) | frozenset(
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" and _is_pointwise_to(maps, node, sizes.get(node.input[1], ()))
    )


def _is_pointwise_to(maps: set[int], node: NodeProto, shape: tuple[int, ...]) -> bool:
    plain = graphs.attribute(node, "group", 1) == 1
    return plain and shape[2:] == (1, 1) and bool(maps.intersection(shape[:2]))


def _quantise_weights(graph: GraphProto, layer: NodeProto, weights: NDArray, most: int) -> None:
    """Store weights (C, ...) as -most..most, a scale a channel; dequantise them in the graph."""
    name = f"{layer.name}.weights"
    peaks = np.abs(weights).reshape(len(weights), -1).max(axis=1).astype(np.float64)
    scale = _scale(peaks, most)
    spread = scale.reshape(-1, *[1] * (weights.ndim - 1))
    levels = np.clip(np.rint(weights / spread), -most, most).astype(np.int8)
    graphs.set_constant(graph, f"{name}.int8", levels)
    graphs.set_constant(graph, f"{name}.scale", scale)
    graphs.set_constant(graph, f"{name}.zero", np.zeros(len(scale), np.int8))
    inputs = [f"{name}.int8", f"{name}.scale", f"{name}.zero"]
    node = onnx.helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}.dq", axis=0)
    _insert_before(graph, layer, [node])
    layer.input[1] = name


def _quantise_activation(
    graph: GraphProto, tensor: str, peak: float, readers: list[NodeProto]
) -> None:
    """Put one Q/DQ pair between a tensor and the layers that read it."""
    graphs.set_constant(graph, f"{tensor}.scale", _scale(np.array(peak)))
    graphs.set_constant(graph, f"{tensor}.zero", np.array(0, np.int8))
    constants = [f"{tensor}.scale", f"{tensor}.zero"]
    q = onnx.helper.make_node(
        "QuantizeLinear", [tensor, *constants], [f"{tensor}.int8"], name=f"{tensor}.q"
    )
    dq = onnx.helper.make_node(
        "DequantizeLinear", [f"{tensor}.int8", *constants], [f"{tensor}.dq"], name=f"{tensor}.dq"
    )
    _insert_before(graph, readers[0], [q, dq])
    graphs.rewire(tensor, f"{tensor}.dq", readers=readers)


def _scale(peaks: NDArray, most: int = LEVELS) -> NDArray[np.float32]:
    """Magnitude that becomes ``most`` -> scale, rounded to FP16: the same in FP16 and FP32."""
    return np.maximum(peaks / most, SMALLEST_SCALE).astype(np.float16).astype(np.float32)


def _insert_before(graph: GraphProto, node: NodeProto, new: list[NodeProto]) -> None:
    index = next(i for i, other in enumerate(graph.node) if other.name == node.name)
    for offset, extra in enumerate(new):
        graph.node.insert(index + offset, extra)
