"""What the network says -> millimetres, pixels and the next ROI, as nodes of an ONNX graph.

Each function is one of runtime.lift, runtime.crop_view and runtime.roi, for a pinhole camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge3dpose.engine_types import ModelSpec
from edge3dpose.runtime import crop_view, roi
from edge3dpose.serving.values import FLOAT, Value
from edge3dpose.skeletons import H36M17

ROOT, THORAX = H36M17.root, H36M17.joints.index("thorax")


@dataclass(frozen=True)
class Placed:
    """A person in space, (17, ...): see types.Pose3D."""

    joints_mm: Value
    root_mm: Value  # (1, 3)
    pixels: Value
    score: Value  # (17, 1)
    scale: Value  # see runtime.lift.roi_scale


def placed(unit: Value, frame_from_crop: Value, camera: Value, spec: ModelSpec) -> Placed:
    """unit (17, C), frame_from_crop (2, 3), camera (1, 4): fx, fy, cx, cy."""
    size = spec.input_size
    turn_px, corner = frame_from_crop.part(0, 2), frame_from_crop.part(2, 3).transposed(1, 0)
    pixels = unit.part(0, 2) * size @ turn_px.transposed(1, 0) + corner
    g = unit.graph
    middle = g.constant([[size / 2] * 2]) @ turn_px.transposed(1, 0) + corner
    side_px = side_of(frame_from_crop, size)
    scale = (unit.at(ROOT).part(2, 3) - 0.5).apply("Exp")  # (1, 1)
    others = np.ones((len(H36M17.joints), 1))
    others[ROOT] = 0
    deep = (unit.part(2, 3) - 0.5) * (spec.z_range_mm * others) * scale
    turn, flat, focal = _view(pixels, middle, camera)
    depth = focal * spec.crop_side_mm * scale / side_px
    points = flat * (depth + deep).at_least(50.0) @ turn
    root = points.at(ROOT)
    return Placed(points - root, root, pixels, unit.part(3, 4), scale)


def side_of(frame_from_crop: Value, size: int) -> Value:
    """(1, 1) side of an ROI, px."""
    across = frame_from_crop.part(0, 1).transposed(1, 0)
    return length_of(across) * size


def length_of(vectors: Value) -> Value:
    """(..., D) -> (..., 1)."""
    return (vectors * vectors).sum(-1).root()


@dataclass(frozen=True)
class Shown:
    """Where a person was seen: frame_from_crop (2, 3), frame_px (1, 2), step_s (1, 1)."""

    frame_from_crop: Value
    frame_px: Value
    step_s: Value  # 0 in a first frame


def next_roi(person: Placed, shown: Shown, spec: ModelSpec) -> Value:
    """(4,) centre x, y, side, angle: runtime.roi.SteadyRoi, without its dead-band."""
    g, frame_from_crop = person.pixels.graph, shown.frame_from_crop
    side = side_of(frame_from_crop, spec.input_size)
    size = _body_scale(person, shown.frame_px) / person.scale
    most = roi._MAX_CORRECTION
    settled = (shown.step_s * (-1 / roi.SETTLE_S)).apply("Exp")
    settled = settled * shown.step_s.is_at_least(1e-9)  # at first nothing is
    side_next = side * ((1.0 - settled) * size.clipped(1 / most, most).apply("Log")).apply("Exp")
    trunk = person.pixels.at(THORAX) - person.pixels.at(ROOT)  # (1, 2)
    trust = (length_of(trunk) / (side * roi._TRUNK)).at_most(1.0)
    before = _angle(frame_from_crop.part(0, 1).transposed(1, 0))
    up = g.concat(-trunk.part(1, 2), trunk.part(0, 1), axis=1)  # (-down, across)
    off = _turned_back(_angle(up) - before)
    angle = _turned_back(before + trust * off)
    return g.concat(person.pixels.at(ROOT), side_next, angle, axis=1).shaped(4)


def _view(pixels: Value, middle: Value, camera: Value) -> tuple[Value, Value, Value]:
    """turn (3, 3), flat (17, 3) and focal_px (1, 1): runtime.crop_view.view_of_crop."""
    focal, centre = camera.part(0, 2), camera.part(2, 4)
    turn, by = _turn_towards((middle - centre) / focal)
    seen = _directions((pixels - centre) / focal) @ turn.transposed(1, 0)
    flat = seen.part(0, 2) / seen.part(2, 3).at_least(0.05)
    own = (focal.part(0, 1) * focal.part(1, 2)).root()
    apart = _spread(pixels) / _spread(flat).at_least(1e-9)
    ones = seen.graph.constant(np.ones((len(H36M17.joints), 1), np.float32))
    return turn, seen.graph.concat(flat, ones, axis=1), by.chosen(apart, own)


def _directions(flat: Value) -> Value:
    """(N, 2) x / z, y / z -> (N, 3) unit vectors."""
    g = flat.graph
    deep = flat.part(0, 1) * 0.0 + 1.0
    rays = g.concat(flat, deep, axis=1)
    return rays / length_of(rays)


def _turn_towards(ray: Value) -> tuple[Value, Value]:
    """(1, 2) -> the turn (3, 3), and by how much, radians (1, 1)."""
    g = ray.graph
    across = length_of(ray)  # of z 1: the tangent of the angle off the axis
    off = across.apply("Atan")
    width = crop_view.FAR_RAD - crop_view.NEAR_AXIS_RAD
    share = ((off - crop_view.NEAR_AXIS_RAD) / width).clipped(0.0, 1.0)
    by = off * share * share * (3.0 - share * 2.0)
    c, s = by.apply("Cos"), by.apply("Sin")
    unit = ray / across.at_least(1e-12)
    a, b, k = s * unit.part(0, 1), s * unit.part(1, 2), 1.0 / (c + 1.0)
    entries = (
        *(1.0 - a * a * k, -(a * b * k), -a),
        *(-(a * b * k), 1.0 - b * b * k, -b),
        *(a, b, c),
    )
    return g.concat(*entries, axis=1).shaped(3, 3), by


def _spread(points: Value) -> Value:
    apart = points - points.mean(0)
    square = (apart * apart).sum(1)  # POWER is 2
    return (square * square).mean(0).root().root()


def _body_scale(person: Placed, frame_px: Value) -> Value:
    """(1, 1): runtime.roi.body_scale, without bones that the frame does not show."""
    g = person.pixels.graph
    starts, ends, lengths = zip(*roi._BONES, strict=True)
    bones = person.joints_mm.at(*starts) - person.joints_mm.at(*ends)
    shares = length_of(bones) / np.array(lengths).reshape(-1, 1)
    low = person.pixels.is_at_least(0.0)
    high = g.op("LessOrEqual", person.pixels, frame_px).cast(FLOAT)
    inside = low.part(0, 1) * low.part(1, 2) * high.part(0, 1) * high.part(1, 2)
    shown = inside.at(*starts) * inside.at(*ends)
    enough = shown.sum(0).is_at_least(float(roi._FEWEST_BONES))
    used = enough.chosen(shown, np.ones((len(lengths), 1)))
    return (shares * used).sum(0) / used.sum(0)


def _angle(vector: Value) -> Value:
    """(1, 2) x, y -> atan2(y, x) (1, 1); of the vector 0 it is 0, as in math."""
    x, y = vector.part(0, 1), vector.part(1, 2)
    behind = (y.apply("Abs") + length_of(vector) + x).is_at_least(1e-12)
    plain = (y / (length_of(vector) + x).at_least(1e-12)).apply("Atan") * 2.0
    return behind.chosen(plain, x.is_at_least(0.0).chosen(x * 0.0, x * 0.0 + math.pi))


def _turned_back(angle: Value) -> Value:
    """The same angle within half a turn."""
    return angle - (angle / math.tau).apply("Round") * math.tau
