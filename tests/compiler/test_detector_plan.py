"""The detector's network as a plan of TensorRT for RTX, which builds without a GPU."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edge3dpose.compiler import graph, plan
from edge3dpose.runtime.detectors import nanodet

pytest.importorskip("tensorrt_rtx", reason="the rtx extra is not installed")


def fixed(columns: int, rows: int) -> onnx.ModelProto:
    """NanoDet for one size of input."""
    model = graph.load(nanodet.FILE)
    sizes = [(model.graph.input[0], (1, 3, rows, columns))]
    for output, stride in zip(model.graph.output, nanodet.STRIDES, strict=True):
        sizes.append((output, (1, 45, rows // stride, columns // stride)))
    for value, shape in sizes:
        for dimension, length in zip(value.type.tensor_type.shape.dim, shape, strict=True):
            dimension.Clear()
            dimension.dim_value = length
    return model


def in_fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every layer in FP16, as the weights are stored; input and outputs stay FP32."""
    kept = [node for node in model.graph.node if node.op_type != "Cast"]
    stored = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and not tensor.name.startswith("scales"):
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, tensor.name))
    outputs = {value.name for value in model.graph.output}
    for node in kept:
        for n, name in enumerate(node.input):
            node.input[n] = "half" if name == "images" else stored.get(name, name)
        for n, name in enumerate(node.output):
            node.output[n] = f"{name}_half" if name in outputs else name
    first = helper.make_node("Cast", ["images"], ["half"], to=TensorProto.FLOAT16)
    last = [
        helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT)
        for name in sorted(outputs)
    ]
    del model.graph.node[:]
    model.graph.node.extend([first, *kept, *last])
    onnx.checker.check_model(model, full_check=True)
    return model


@pytest.mark.parametrize("size", [(320, 192), (192, 320)])
def test_nanodet_builds_as_a_plan(size):
    assert len(plan.build(fixed(*size).SerializeToString(), "tensorrt-rtx")) > 10_000_000


def test_nanodet_builds_as_a_plan_in_fp16_of_half_the_size():
    model = in_fp16(fixed(320, 192)).SerializeToString()
    assert 5_000_000 < len(plan.build(model, "tensorrt-rtx")) < 10_000_000
