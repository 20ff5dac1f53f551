"""Hand-made bottom-up networks that are right, and the crowds that they read: by colour.

A joint is a dot, its red says which one; a limb is a line, its blue says which one and its red and
green the direction; the green of a dot is the tag of the person.
"""

from __future__ import annotations

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge3dpose.models._spec_file import SpecFile

DOT = 250  # blue of a joint
WIDTH = 4.0  # levels by which a colour may be off


def red_of(joints):
    return 10 + 14 * np.arange(joints)


def blue_of(limbs):
    return 10 + 12 * np.arange(limbs)


def picture(people, size, limbs=(), tags=None):
    """people (N, J, 2) px, NaN where a joint is not there -> (H, W, 3) BGR."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    for n, person in enumerate(people):
        for limb, (a, b) in enumerate(limbs):
            ends = person[[a, b]]
            if np.isnan(ends).any():
                continue
            unit = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
            red, green = np.rint(128 + 120 * unit)
            colour = (int(blue_of(len(limbs))[limb]), int(green), int(red))
            start, end = (tuple(int(v) for v in np.rint(one)) for one in ends)
            cv2.line(image, start, end, colour, 7)
        for joint, at in enumerate(person):
            if not np.isnan(at).any():
                tag = 0 if tags is None else tags[n]
                colour = (DOT, int(tag), int(red_of(len(person))[joint]))
                cv2.circle(image, tuple(int(v) for v in np.rint(at)), 6, colour, -1)
    return image


class Net:
    """The graph of one of them: outputs heat, and paf or tags."""

    def __init__(self, file: SpecFile) -> None:
        self.file, self.rule = file, file.spec.maps
        self.nodes, self.constants = [], []

    def op(self, kind, *inputs, out=None, **attributes):
        out = out or f"t{len(self.nodes)}"
        names = [one if isinstance(one, str) else self.value(one) for one in inputs]
        self.nodes.append(helper.make_node(kind, names, [out], **attributes))
        return out

    def value(self, value):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def channel(self, n):
        """Red, green or blue of the picture, 0 to 255 again."""
        spec, bgr = self.file.spec, self.file.input.colour == "bgr"
        given = self.op("Gather", "picture", np.array([2 - n if bgr else n]), axis=1)
        scaled = self.op("Mul", given, np.float32(255 * spec.std_rgb[n]))
        return self.op("Add", scaled, np.float32(255 * spec.mean_rgb[n]))

    def near(self, tensor, levels):
        codes = np.asarray(levels, np.float32).reshape(1, -1, 1, 1)
        off = self.op("Abs", self.op("Sub", tensor, codes))
        return self.op(
            "Relu", self.op("Sub", np.float32(1), self.op("Div", off, np.float32(WIDTH)))
        )

    def pooled(self, tensor, out=None):
        stride = [self.file.decode.stride] * 2
        small = self.op("AveragePool", tensor, kernel_shape=stride, strides=stride)
        smooth = self.op("AveragePool", small, kernel_shape=[3, 3], pads=[1] * 4)
        # a dot fills less of a larger cell
        return self.op("Mul", smooth, np.float32(stride[0] / 4), out=out)

    def model(self) -> bytes:
        J, (width, height) = len(self.file.spec.skeleton.joints), self.file.input.size
        red, green, blue = (self.channel(n) for n in range(3))
        dots = self.op("Mul", self.near(red, red_of(J)), self.near(blue, [DOT]))
        self.pooled(dots, out="heat")
        if self.rule.kind == "tags":
            second, count = "tags", J
            marked = self.pooled(self.op("Mul", dots, green))
            self.op("Div", marked, self.op("Add", "heat", np.float32(1e-4)), out="tags")
        else:
            second, count = "paf", 2 * len(self.rule.limbs)
            lines = self.near(blue, np.repeat(blue_of(len(self.rule.limbs)), 2))
            both = self.op("Concat", *[red, green] * len(self.rule.limbs), axis=1)
            unit = self.op("Div", self.op("Sub", both, np.float32(128)), np.float32(120))
            self.pooled(self.op("Mul", lines, unit), out="paf")
        w, h = (length // self.file.decode.stride for length in (width, height))
        outputs = {"heat": J, second: count}
        if self.file.decode.heat != "heat":  # both in one output, with other maps between
            between = getattr(self.file.decode, f"{second}_from") - J
            parts = ["heat", second]
            if between:
                other = self.pooled(self.op("Concat", *[blue] * between, axis=1))
                parts.insert(1, other)
            self.op("Concat", *parts, axis=1, out=self.file.decode.heat)
            outputs = {self.file.decode.heat: J + between + count}
        graph = helper.make_graph(
            self.nodes,
            "crowd",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, height, width])],
            [
                helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, maps, h, w])
                for name, maps in outputs.items()
            ],
            self.constants,
        )
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def checked(content: bytes) -> bytes:
    """The same bytes, of a model that is whole."""
    onnx.checker.check_model(onnx.load_from_string(content), full_check=True)
    return content
