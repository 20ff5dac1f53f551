"""Values of a model's tensors: model and images -> outputs and intermediate tensors, in FP32."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from edge3dpose.compiler import graph as graphs
from edge3dpose.types import Array

TensorReader = Callable[[Array], dict[str, NDArray]]


def open_tensor_reader(
    model: ModelProto, tensors: Iterable[str] = (), *, literal: bool = False
) -> TensorReader:
    """Make a function: images (1, 3, S, S) -> the outputs and these tensors, by name.

    literal  run the nodes as they stand: ONNX Runtime's optimiser quantises biases beside FP16 Q/DQ
             with scales that FP16 cannot hold (1.1 mm of error where there is 0.03)
    """
    import onnxruntime

    seen = ModelProto.FromString(model.SerializeToString())
    made = set(graphs.producers(seen.graph)) - {out.name for out in seen.graph.output}
    for name in dict.fromkeys(tensors):
        if name in made:
            seen.graph.output.append(onnx.ValueInfoProto(name=name))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if literal:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(
        seen.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]

    def read(images: Array) -> dict[str, NDArray]:
        found = dict(zip(names, session.run(names, {"images": images}), strict=True))
        return {**found, "images": images}

    return read
