"""Hand-made pose networks that are right: each joint is a dot of a colour, and found by it.

A network has the form of a published one: its input, and the outputs that its head has.
"""

from __future__ import annotations

import itertools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge3dpose.models._decodes import Regression
from edge3dpose.models._spec_file import SpecFile

SHARPNESS = 60.0  # of the likeness of two colours


def colours(joints: int) -> np.ndarray:
    """(J, 3) RGB in 0..1, all far from each other and from black."""
    levels = 3 if joints <= 26 else 6
    every = list(itertools.product(np.linspace(0, 1, levels), repeat=3))[1:]
    return np.array(every[:joints], np.float32)


def picture(points: np.ndarray, side: int, radius: float = 4.0) -> np.ndarray:
    """(side, side, 3) BGR uint8: a dot at each point (J, 2), (0, 0) the corner of the picture."""
    image = np.zeros((side, side, 3), np.float32)
    y, x = np.mgrid[:side, :side] + 0.5
    for (px, py), colour in zip(points, colours(len(points)), strict=True):
        image[(x - px) ** 2 + (y - py) ** 2 < radius**2] = colour[::-1]
    return np.round(image * 255).astype(np.uint8)


class Graph:
    """A graph being made; the methods return names of tensors."""

    def __init__(self) -> None:
        self.nodes, self.constants = [], []

    def __call__(self, op, *inputs, out=None, **attributes):
        out = out or f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [out], **attributes))
        return out

    def value(self, value, dtype=np.float32):
        name = f"value_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def ints(self, *values):
        return self.value(values, np.int64)


def maps(graph: Graph, file: SpecFile, stride: int, joints: int) -> str:
    """(1, J, h, w): how much of a cell has the joint's colour."""
    made = "picture"
    if file.input.layout == "nhwc":
        made = graph("Transpose", made, perm=[0, 3, 1, 2])
    mean, std = (np.array(v, np.float32) for v in (file.spec.mean_rgb, file.spec.std_rgb))
    order = slice(None, None, -1) if file.input.colour == "bgr" else slice(None)
    made = graph("Mul", made, graph.value(std[order].reshape(1, 3, 1, 1)))
    made = graph("Add", made, graph.value(mean[order].reshape(1, 3, 1, 1)))  # 0..1 again
    near = colours(joints)[:, order]
    weights = graph.value(2 * near[:, :, None, None])
    cross = graph("Conv", made, weights, graph.value(-(near**2).sum(1)))
    square = graph("ReduceSum", graph("Mul", made, made), graph.ints(1), keepdims=1)
    like = graph("Exp", graph("Mul", graph("Sub", cross, square), graph.value(SHARPNESS)))
    # a cell's middle lies where the decode says that the cell lies
    cells = getattr(file.decode, "cells", None) or "stride"
    shift = 0 if isinstance(file.decode, Regression) or cells == "centres" else stride // 2
    return graph("AveragePool", like, kernel_shape=[stride, stride], strides=[stride, stride],
                 pads=[shift, shift, 0, 0], count_include_pad=1)  # fmt: skip


def network(file: SpecFile, head, *, stride: int = 4, opset: int = 17, batch=1) -> bytes:
    """An ONNX file: ``head(graph, maps, joints)`` makes the outputs that it names.

    head  returns {name of an output: tensor}
    """
    graph, joints = Graph(), len(file.spec.skeleton.joints)
    made = head(graph, maps(graph, file, stride, joints), joints)
    for name, tensor in made.items():
        graph("Identity", tensor, out=name)
    width, height = file.input.size
    shape = [batch, 3, height, width]
    if file.input.layout == "nhwc":
        shape = [batch, height, width, 3]
    made_graph = helper.make_graph(
        graph.nodes,
        "dots",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in made],
        graph.constants,
    )
    for output in made_graph.output:  # a shape that nobody knows, as some exporters leave it
        output.type.tensor_type.ClearField("shape")
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(made_graph, opset_imports=opsets, ir_version=8).SerializeToString()


def heatmap(graph, maps, joints):
    return {"maps": maps}


def stacked(graph, maps, joints):
    """Hourglass: stages in one output, the last of which is right."""
    one = graph("Unsqueeze", maps, graph.ints(1))
    wrong = graph("Mul", one, graph.value(0.0))
    return {"stages": graph("Concat", wrong, one, axis=1)}


def stages(graph, maps, joints):
    """CPM: an output a stage, each with a background in front."""
    background = graph("Sub", graph.value(1.0), graph("ReduceMax", maps, axes=[1], keepdims=1))
    whole = graph("Concat", background, maps, axis=1)
    wrong = graph("Mul", whole, graph.value(0.0))
    return {**{f"stage{n}": wrong for n in range(1, 6)}, "stage6": whole}


def pyramid(graph, maps, joints):
    """CPN: the maps of GlobalNet and of RefineNet."""
    return {"global": graph("Mul", maps, graph.value(0.0)), "refine": maps}


def logits(graph, maps, joints):
    """Integral regression: what a softmax makes a sharp map of."""
    return {"maps": graph("Mul", maps, graph.value(30.0))}


def volume(bins, at):
    """Integral regression in 3D: joint j lies in bin at(j)."""

    def head(graph, maps, joints):
        depth = np.full((1, joints, bins, 1, 1), -30.0, np.float32)
        for joint in range(joints):
            depth[0, joint, at(joint)] = 0.0
        made = graph("Unsqueeze", graph("Mul", maps, graph.value(30.0)), graph.ints(2))
        made = graph("Add", made, graph.value(depth))
        shape = graph("Shape", maps)
        rows = graph("Slice", shape, graph.ints(2), graph.ints(4))
        shape = graph("Concat", graph.ints(1, joints * bins), rows, axis=0)
        return {"volume": graph("Reshape", made, shape)}

    return head


def _mean(graph, maps, axis, count):
    share = graph("Div", maps, graph("ReduceSum", maps, graph.ints(2, 3), keepdims=1))
    along = graph("ReduceSum", share, graph.ints(axis), keepdims=0)
    at = graph.value((np.arange(count) + 0.5) / count)
    return graph("ReduceSum", graph("Mul", along, at), graph.ints(2), keepdims=1)


def regression(width, height):
    """DeepPose: x and y of each joint in one row, as shares of the input's size."""

    def head(graph, maps, joints):
        x, y = _mean(graph, maps, 2, width // 4), _mean(graph, maps, 3, height // 4)
        rows = graph("Concat", x, y, axis=2)
        return {"points": graph("Reshape", rows, graph.ints(1, joints * 2))}

    return head


def bins(names=("simcc_x", "simcc_y"), z=None):
    """SimCC: the likeness along each axis, two bins a cell of the maps."""

    def head(graph, maps, joints):
        x = graph("ReduceMax", maps, axes=[2], keepdims=0)
        y = graph("ReduceMax", maps, axes=[3], keepdims=0)
        made = dict(zip(names, (x, y), strict=True))
        if z is not None:
            depth = np.full((1, joints, 64), 0.0, np.float32)
            for joint in range(joints):
                depth[0, joint, z(joint)] = 1.0
            still = graph(
                "Mul", graph("ReduceMax", maps, axes=[1, 2, 3], keepdims=0), graph.value(0.0)
            )
            made["output_z"] = graph("Add", graph.value(depth), still)
        return made

    return head


def check(content: bytes) -> onnx.ModelProto:
    return onnx.load_from_string(content)
