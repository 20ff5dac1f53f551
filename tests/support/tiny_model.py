"""A model file of three heads that always say the same, made with onnx.helper; no network."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge3dpose import paths
from edge3dpose.engine_types import ModelSpec
from edge3dpose.models import open_weights
from edge3dpose.skeletons import H36M17

SPEC = ModelSpec("tiny", 64, 3, H36M17, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def write(folder, poses, spec=SPEC):
    """poses (cuts, 17, 4); a head says its pose plus a thousandth of the crop's mean brightness."""
    nodes = [
        helper.make_node("ReduceMean", ["images", "axes"], ["mean"], keepdims=1),
        helper.make_node("Squeeze", ["mean", "last"], ["light"]),
        helper.make_node("Mul", ["light", "small"], ["nudge"]),
    ]
    constants = {
        "axes": np.array([1, 2, 3]),
        "last": np.array([3]),
        "small": np.array(1e-3, np.float32),
    }
    outputs = []
    for cut, pose in enumerate(poses, 1):
        constants[f"pose{cut}"] = np.asarray(pose, np.float32)[None]
        nodes.append(helper.make_node("Add", ["nudge", f"pose{cut}"], [spec.head(cut)]))
        outputs.append(
            helper.make_tensor_value_info(spec.head(cut), TensorProto.FLOAT, ["N", 17, 4])
        )
    side = spec.input_size
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, side, side])
    graph = helper.make_graph(
        nodes,
        "tiny",
        [images],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.checker.check_model(model)
    file = folder / f"{spec.name}.onnx"
    onnx.save(model, file)
    card = {"model": spec.name, "sha256": paths.sha256_of(file), "state": "untrained", "cuts": {}}
    file.with_suffix(".json").write_text(json.dumps(card))
    return open_weights(spec, file)
