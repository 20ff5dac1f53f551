"""Makes edge3dpose/runtime/detectors/blazepose.onnx: MediaPipe's detector, weights stored as FP16.

    python tests/golden/make_blazepose.py pose_detection.onnx

The input is MediaPipe's pose_detection.tflite (Apache-2.0) converted to ONNX. Every large FP32
weight becomes an FP16 one with a Cast behind it: half the bytes, and ONNX Runtime folds the casts
away when it opens the file, so it computes in FP32 as before. The .tflite itself stores FP16, so
nothing is lost. Prints the SHA-256 that blazepose.py checks.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edge3dpose import paths

OUT = paths.PACKAGE / "runtime" / "detectors" / "blazepose.onnx"


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its large FP32 initialisers stored as FP16."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 64:
            continue
        half = values.astype(np.float16)
        if not np.isfinite(half).all():
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, name + "_fp16"))
        casts.append(helper.make_node("Cast", [name + "_fp16"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    del graph.value_info[:]
    return model


if __name__ == "__main__":
    model = halved(onnx.load(sys.argv[1]))
    onnx.checker.check_model(model)
    Path(OUT).write_bytes(model.SerializeToString())
    print(OUT, OUT.stat().st_size, paths.sha256_of(OUT))
