"""The nodes that read MoveNet's maps, and mix its points with the answer of each head of SSP-Net.

MoveNet's way from maps to points is built anew, for any number of crops: Google's graph takes one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edge3dpose.training.fusion.trunk import CENTRE, ENTRY, HEAT, OFFSET, PREFIX, REGRESSION, SIDE
from edge3dpose.training.teacher import movenet

NEAR = 1.7998047  # cells: how far a joint may lie from where it is expected, by Google's graph
UNSURE, SURE = 0.05, 0.2  # below this score SSP-Net's place counts alone, above it MoveNet's

JOINTS = tuple(movenet.POINT_OF_JOINT)
POINTS = tuple(movenet.POINT_OF_JOINT.values())
HIPS, SHOULDERS = (1, 4), (11, 14)


def of_sspnet(head: str) -> str:
    """Name of a head's answer before MoveNet's places are mixed in."""
    return f"{head}_of_sspnet"


class Points:
    """The nodes before and after MoveNet's maps."""

    def __init__(self, centre_weight: NDArray) -> None:
        self.constants: list[TensorProto] = []
        self._weight = centre_weight.astype(np.float32)

    def normalised(self) -> list[onnx.NodeProto]:
        """`images` in 0..1 -> MoveNet's input in -1..1."""
        two, one = self._constant("two", 2.0), self._constant("one", 1.0)
        return [
            _node("Mul", ["images", two], "doubled"),
            _node("Sub", [PREFIX + "doubled", one], ENTRY),
        ]

    def found(self) -> list[onnx.NodeProto]:
        """Maps -> `xy` (N, 12, 2) from the crop's corner in 0..1, `sure` (N, 12, 1) in 0..1."""
        cells = SIDE * SIDE
        y, x = np.divmod(np.arange(cells, dtype=np.float32), np.float32(SIDE))
        flat = {
            name: self._constant(f"shape_{name}", np.array(shape, np.int64))
            for name, shape in {
                "heat": (0, 17, cells),
                "centre": (0, cells),
                "pairs": (0, 34, cells),
                "expected": (0, 17, 2, 1),
                "offset": (0, 17, 2, cells),
                "one": (0, 1, 1),
                "wide": (0, 17, 1, 1),
            }.items()
        }
        grid_x, grid_y = self._constant("grid_x", x), self._constant("grid_y", y)
        weight = self._constant("centre_weight", self._weight)
        pairs = self._constant("repeat_pairs", np.array([1, 34, 1], np.int64))
        two = self._constant("repeat_two", np.array([1, 1, 2, 1], np.int64))
        rows = self._constant("joints_row", np.array(POINTS, np.int64))
        axis = self._constant("axis_last", np.array([-1], np.int64))
        near = self._constant("near", NEAR)
        side = self._constant("per_cell", 1 / SIDE)
        p = PREFIX
        return [
            _node("Sigmoid", [p + HEAT], "heat_4d"),
            _node("Reshape", [p + "heat_4d", flat["heat"]], "heat"),
            # where the person's centre is, and where each joint is expected from there
            _node("Sigmoid", [p + CENTRE], "centre_4d"),
            _node("Reshape", [p + "centre_4d", flat["centre"]], "centre_all"),
            _node("Mul", [p + "centre_all", weight], "centre_weighted"),
            _node("ArgMax", [p + "centre_weighted"], "cell", axis=1, keepdims=1),
            _node("Reshape", [p + "cell", flat["one"]], "cell_3d"),
            _node("Tile", [p + "cell_3d", pairs], "cell_pairs"),
            _node("Reshape", [p + REGRESSION, flat["pairs"]], "regressed_all"),
            _node("GatherElements", [p + "regressed_all", p + "cell_pairs"], "regressed", axis=2),
            _node("Reshape", [p + "regressed", flat["expected"]], "regressed_yx"),
            _node("Split", [p + "regressed_yx"], "dy", "dx", axis=2, num_outputs=2),
            _node("Gather", [grid_x, p + "cell_3d"], "centre_x"),
            _node("Gather", [grid_y, p + "cell_3d"], "centre_y"),
            _node("Squeeze", [p + "dx", axis], "dx_3d"),
            _node("Squeeze", [p + "dy", axis], "dy_3d"),
            _node("Add", [p + "centre_x", p + "dx_3d"], "expected_x"),
            _node("Add", [p + "centre_y", p + "dy_3d"], "expected_y"),
            # the cell that is likely and near
            _node("Sub", [grid_x, p + "expected_x"], "off_x"),
            _node("Sub", [grid_y, p + "expected_y"], "off_y"),
            _node("Mul", [p + "off_x", p + "off_x"], "off_x2"),
            _node("Mul", [p + "off_y", p + "off_y"], "off_y2"),
            _node("Add", [p + "off_x2", p + "off_y2"], "off2"),
            _node("Sqrt", [p + "off2"], "off"),
            _node("Add", [p + "off", near], "off_more"),
            _node("Div", [p + "heat", p + "off_more"], "likely"),
            _node("ArgMax", [p + "likely"], "best", axis=2, keepdims=1),
            _node("GatherElements", [p + "heat", p + "best"], "score_17", axis=2),
            # finer than a cell
            _node("Reshape", [p + OFFSET, flat["offset"]], "offset_all"),
            _node("Reshape", [p + "best", flat["wide"]], "best_4d"),
            _node("Tile", [p + "best_4d", two], "best_pairs"),
            _node("GatherElements", [p + "offset_all", p + "best_pairs"], "offset_yx", axis=3),
            _node("Split", [p + "offset_yx"], "fine_y", "fine_x", axis=2, num_outputs=2),
            _node("Gather", [grid_x, p + "best"], "best_x"),
            _node("Gather", [grid_y, p + "best"], "best_y"),
            _node("Squeeze", [p + "fine_x", axis], "fine_x3"),
            _node("Squeeze", [p + "fine_y", axis], "fine_y3"),
            _node("Add", [p + "best_x", p + "fine_x3"], "x"),
            _node("Add", [p + "best_y", p + "fine_y3"], "y"),
            _node("Concat", [p + "x", p + "y"], "xy_cells", axis=2),
            _node("Mul", [p + "xy_cells", side], "xy_17"),
            _node("Gather", [p + "xy_17", rows], "xy_coco", axis=1),
            _node("Gather", [p + "score_17", rows], "score", axis=1),
            *self._lowered_shoulders(),
            *self._sureness(),
        ]

    def _lowered_shoulders(self) -> list[onnx.NodeProto]:
        """COCO's shoulders lie above the joints: they move towards the hips."""
        by = np.eye(len(JOINTS), dtype=np.float32)
        for shoulder in SHOULDERS:
            row = JOINTS.index(shoulder)
            by[row, [JOINTS.index(hip) for hip in HIPS]] += movenet.SHOULDER_DROP / 2
            by[row, [JOINTS.index(one) for one in SHOULDERS]] -= movenet.SHOULDER_DROP / 2
        return self._summed("xy_coco", by, "xy")

    def _sureness(self) -> list[onnx.NodeProto]:
        low = self._constant("unsure", UNSURE)
        slope = self._constant("slope", 1 / (SURE - UNSURE))
        zero, one = self._constant("zero", 0.0), self._constant("whole", 1.0)
        return [
            _node("Sub", [PREFIX + "score", low], "score_above"),
            _node("Mul", [PREFIX + "score_above", slope], "score_share"),
            _node("Clip", [PREFIX + "score_share", zero, one], "sure"),
        ]

    def mixed(self, head: str) -> list[onnx.NodeProto]:
        """SSP-Net's (N, 17, 4) with u and v moved to where MoveNet is sure."""
        rows = self._constant("limbs", np.array(JOINTS, np.int64), once=True)
        starts, ends = (
            self._constant(name, np.array([value], np.int64), once=True)
            for name, value in (("u", 0), ("z", 2))
        )
        axis = self._constant("axis_2", np.array([2], np.int64), once=True)
        far = self._constant("end", np.array([np.iinfo(np.int64).max]), once=True)
        of, p = f"{head}/", PREFIX
        return [
            _node("Slice", [of_sspnet(head), starts, ends, axis], of + "uv"),
            _node("Slice", [of_sspnet(head), ends, far, axis], of + "rest"),
            _node("Gather", [p + of + "uv", rows], of + "limbs", axis=1),
            _node("Sub", [p + "xy", p + of + "limbs"], of + "apart"),
            _node("Mul", [p + of + "apart", p + "sure"], of + "shift"),
            *self._summed(of + "shift", _BODY, of + "moved"),
            _node("Add", [p + of + "uv", p + of + "moved"], of + "placed"),
            helper.make_node("Concat", [p + of + "placed", p + of + "rest"], [head], axis=2),
        ]

    def _summed(self, name: str, by: NDArray, out: str) -> list[onnx.NodeProto]:
        """(N, K, 2) times (J, K), a sum of products: BF16 would round a matrix product."""
        matrix = self._constant(f"by_{by.shape[0]}", by[None, :, :, None], once=True)
        axis = self._constant("axis_1", np.array([1], np.int64), once=True)
        sum_over = self._constant("axis_2", np.array([2], np.int64), once=True)
        return [
            _node("Unsqueeze", [PREFIX + name, axis], out + "_4d"),
            _node("Mul", [PREFIX + out + "_4d", matrix], out + "_parts"),
            _node("ReduceSum", [PREFIX + out + "_parts", sum_over], out, keepdims=0),
        ]

    def _constant(self, name: str, value: Any, *, once: bool = False) -> str:
        full = PREFIX + "constant/" + name
        if not (once and any(tensor.name == full for tensor in self.constants)):
            array = np.asarray(value)
            array = array.astype(np.float32) if array.dtype.kind == "f" else array
            self.constants.append(numpy_helper.from_array(array, full))
        return full


def _body() -> NDArray[np.float32]:
    """(17, 12): how the joints move with the shifts of the limbs' joints."""
    by = np.zeros((17, len(JOINTS)), np.float32)
    hips = [JOINTS.index(joint) for joint in HIPS]
    shoulders = [JOINTS.index(joint) for joint in SHOULDERS]
    by[list(JOINTS), range(len(JOINTS))] = 1
    by[0, hips] = 0.5
    by[7, hips + shoulders] = 0.25
    for joint in (8, 9, 10):  # thorax, neck, head
        by[joint, shoulders] = 0.5
    return by


_BODY = _body()


def _node(kind: str, inputs: Sequence[str], *outputs: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(
        kind,
        list(inputs),
        [PREFIX + name for name in outputs],
        name=PREFIX + outputs[0],
        **attributes,
    )
