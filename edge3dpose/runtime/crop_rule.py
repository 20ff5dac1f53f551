"""How a model of a spec file sees a person: a detector's box, or a pose -> the square it is shown.

Top-down networks are trained on a box about the person, with a margin, that has the shape of their
input. Here the crop is always a square: the box lies in its middle.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from edge3dpose.engine_types import CropRule, ModelSpec
from edge3dpose.skeletons import has_h36m17, lean_rad, root_of, to_h36m17
from edge3dpose.types import Box, Frame, Pose3D

SEEN = 0.2  # joints of a lower score say nothing of the box; with fewer than two, all do
FLESH = 0.04  # of the joints' box: the body reaches beyond its joints
ROI_PER_HEIGHT = 1.32  # of a detector's ROI over the height of a standing person
_MAX_CHANGE, _MAX_CHANGE_NEW = 1.25, 2.0  # the side changes by at most this factor at once


def first_box(box: Box, rule: CropRule | None) -> Box:
    """The square that is shown of somebody a detector found."""
    if rule is None or rule.kind != "box":
        return box
    if box.extent is not None:
        return _square(box.extent, rule, box)
    side = (box.x1 - box.x0) / ROI_PER_HEIGHT * rule.padding
    return _about((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, side, box)


def whole_frame(frame: Frame, spec: ModelSpec) -> Box:
    """The square in whose middle, in the shape of the network's input, the whole frame fits."""
    assert spec.crop is not None, "a model of a spec file"
    width, height = frame.size_px
    shape = replace(spec.crop, padding=1.0)
    return _square((0.0, 0.0, float(width), float(height)), shape, Box(0, 0, 0, 0))


def box_of_pose(pose: Pose3D, rule: CropRule, *, new: bool = False) -> Box:
    """The square in the next frame of somebody whose pose is known, upright or turned.

    new  the pose came out of a detector's rough box: its size says little
    """
    assert pose.box is not None, "only a pose that came out of a crop can be followed"
    points = pose.pixels[_seen(pose)].astype(np.float64)
    like = Box(0, 0, 0, 0, pose.mean_score, pose.track_id)
    if rule.kind == "box":
        low, high = points.min(axis=0), points.max(axis=0)
        flesh = FLESH * float((high - low).max())
        x0, y0, x1, y1 = (float(v) for v in (*(low - flesh), *(high + flesh)))
        found = _square((x0, y0, x1, y1), rule, like)
    else:
        x, y = (float(v) for v in root_of(pose.pixels.astype(np.float64), pose.skeleton))
        reach = float(np.linalg.norm(points - (x, y), axis=1).max())
        found = _about(x, y, 2 * rule.padding * reach, like, _angle_rad(pose))
    side, before = found.x1 - found.x0, pose.box.x1 - pose.box.x0
    most = _MAX_CHANGE_NEW if new else _MAX_CHANGE
    side = min(max(side, before / most), before * most)
    x, y = (found.x0 + found.x1) / 2, (found.y0 + found.y1) / 2
    return _about(x, y, side, like, found.angle_rad)


def _seen(pose: Pose3D) -> list[int]:
    """Numbers of the joints that the box is made of."""
    seen = np.flatnonzero(pose.score >= SEEN).tolist()
    return seen if len(seen) >= 2 else list(range(len(pose.score)))


def _square(extent: tuple[float, float, float, float], rule: CropRule, like: Box) -> Box:
    """The square in whose middle the padded box lies, in the shape of the network's input."""
    x0, y0, x1, y1 = extent
    width, height = x1 - x0, y1 - y0
    side = (
        max(height, width / rule.aspect) if rule.aspect <= 1 else max(width, height * rule.aspect)
    )
    return _about((x0 + x1) / 2, (y0 + y1) / 2, side * rule.padding, like)


def _about(x: float, y: float, side: float, like: Box, angle_rad: float = 0.0) -> Box:
    half = max(side, 8.0) / 2
    corners = (x - half, y - half, x + half, y + half)
    return Box(*corners, like.score, like.track_id, angle_rad, like.extent)


def _angle_rad(pose: Pose3D) -> float:
    """The trunk's angle, as far as there is a trunk; a short one changes it little."""
    assert pose.box is not None
    if not has_h36m17(pose.skeleton):
        return 0.0
    pixels = to_h36m17(pose.pixels, pose.skeleton)
    length = float(np.linalg.norm(pixels[8] - pixels[0]))
    trust = min(length / (0.15 * (pose.box.x1 - pose.box.x0)), 1.0)
    before = pose.box.angle_rad
    off = math.remainder(lean_rad(pixels) - before, math.tau)
    return math.remainder(before + trust * off, math.tau)
