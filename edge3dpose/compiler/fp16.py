"""FP32 model -> strongly typed FP16 model; input, decode and output stay FP32."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.errors import BuildFailed

LARGEST = 65504.0  # of FP16
HEADROOM = 2.0  # other images may reach values so many times larger


def to_fp16(model: ModelProto) -> ModelProto:
    """All layers up to the logits in FP16: one Cast after the input, one before the decode.

    model  static FP32, as compiler.cut makes it, with or without Q/DQ; it is not changed
    Raises BuildFailed where a weight is beyond FP16, naming the layer.
    """
    result = ModelProto.FromString(model.SerializeToString())
    graph = result.graph
    floats = _floats(model)
    decode_names = {node.name for node in graphs.decode_nodes(graph)}
    trunk = [node for node in graph.node if node.name not in decode_names]
    for node in trunk:
        if node.op_type == "BatchNormalization":
            _to_scale_and_shift(graph, node)
        elif node.op_type == "Cast" and graphs.attribute(node, "to") == TensorProto.FLOAT:
            node.attribute[0].i = TensorProto.FLOAT16  # of a network that was given whole numbers
    _halve_constants(graph, trunk)
    _cast(graph, graph.input[0].name, TensorProto.FLOAT16, readers=trunk)
    decode = [node for node in graph.node if node.name in decode_names]
    for tensor in _read_from(decode, trunk, floats):
        _cast(graph, tensor, TensorProto.FLOAT, readers=decode)
    for tensor in _read_from(trunk, decode, floats):  # of a network whose input goes both ways
        _cast(graph, tensor, TensorProto.FLOAT16, readers=trunk)
    graphs.prune(graph)
    onnx.checker.check_model(result, full_check=True)
    return result


def _floats(model: ModelProto) -> set[str]:
    """The tensors that are FP32: others count or point, and stay as they are."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    values = (*inferred.value_info, *inferred.input, *inferred.output)
    return {one.name for one in values if one.type.tensor_type.elem_type == TensorProto.FLOAT}


def _read_from(readers: list[NodeProto], makers: list[NodeProto], floats: set[str]) -> list[str]:
    """The FP32 tensors that some nodes read and others make."""
    made = {name for node in makers for name in node.output if name in floats}
    return list(dict.fromkeys(name for node in readers for name in node.input if name in made))


def refuse_overflow(model: ModelProto, peaks: dict[str, float]) -> None:
    """BuildFailed where a tensor before the decode comes near FP16's largest, naming its layer.

    peaks  tensor -> largest magnitude seen on real crops; tensors without one are not checked
    """
    decode_names = {node.name for node in graphs.decode_nodes(model.graph)}
    for node in model.graph.node:
        for name in node.output if node.name not in decode_names else ():
            peak = peaks.get(name, 0.0)
            if not peak <= LARGEST / HEADROOM:
                raise BuildFailed(
                    f"{node.op_type} {node.name} reaches {peak:.3g} on real crops, FP16 ends at "
                    f"{LARGEST:.0f}; build this model with --precision fp32"
                )


def _to_scale_and_shift(graph: GraphProto, node: NodeProto) -> None:
    """A batch norm's four vectors as scale and shift (mean 0, variance 1), rounded only once."""
    known = graphs.constants(graph)
    scale, shift, mean, variance = (known[name].astype(np.float64) for name in node.input[1:5])
    gain = scale / np.sqrt(variance + graphs.attribute(node, "epsilon", 1e-5))
    parts = {
        "scale": gain,
        "shift": shift - mean * gain,
        "mean": np.zeros_like(gain),
        "variance": np.ones_like(gain),
    }
    for index, (part, value) in enumerate(parts.items(), start=1):
        node.input[index] = f"{node.name}.{part}"
        graphs.set_constant(graph, node.input[index], value.astype(np.float32))
    del node.attribute[:]
    node.attribute.append(onnx.helper.make_attribute("epsilon", 0.0))


def _halve_constants(graph: GraphProto, trunk: list[NodeProto]) -> None:
    """Give these nodes FP16 copies of their constants; the decode may read the same in FP32."""
    known = graphs.constants(graph)
    halved: set[str] = set()
    for node in trunk:
        for index, name in enumerate(node.input):
            if node.op_type == "Resize" and index in (1, 2):  # ONNX wants these in FP32
                continue
            if name not in known or known[name].dtype != np.float32:
                continue
            if name not in halved:
                graphs.set_constant(graph, f"{name}.fp16", _halved(known[name], node))
                halved.add(name)
            node.input[index] = f"{name}.fp16"


def _halved(value: NDArray, node: NodeProto) -> NDArray[np.float16]:
    peak = float(np.abs(value).max(initial=0.0))
    # exporters write "no limit" of a Clip as FP32's largest number
    if not peak <= LARGEST and node.op_type != "Clip":
        raise BuildFailed(
            f"{node.op_type} {node.name} has a weight of magnitude {peak:.3g}, FP16 ends at "
            f"{LARGEST:.0f}; build this model with --precision fp32"
        )
    return np.clip(value, -LARGEST, LARGEST).astype(np.float16)


def _cast(graph: GraphProto, tensor: str, to: int, *, readers: list[NodeProto]) -> None:
    """Put one Cast between a tensor and these readers of it."""
    name = f"{tensor}.{TensorProto.DataType.Name(to).lower()}"
    node = onnx.helper.make_node("Cast", [tensor], [name], name=f"cast.{name}", to=to)
    first = next(i for i, reader in enumerate(graph.node) if tensor in reader.input)
    graphs.rewire(tensor, name, readers=readers)
    graph.node.insert(first, node)
