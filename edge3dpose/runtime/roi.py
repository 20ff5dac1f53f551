"""A pose in, the square to look at next out: the pelvis in its middle, 2.25 m at its depth."""

from __future__ import annotations

import math

import numpy as np

from edge3dpose.skeletons import lean_rad, trunk
from edge3dpose.types import Array, Box, Pose3D

# Bones of h36m17 as (joint, joint, mm): how long a trained network sees them on average, when the
# square is right. They lie a few percent under the training people's true means, for a network that
# is unsure of a depth shortens the bone. Forearms are left out: too unsure.
_BONES = (
    (1, 2, 420.0),
    (2, 3, 452.0),
    (4, 5, 420.0),
    (5, 6, 452.0),
    (0, 8, 575.0),
    (11, 12, 245.0),
    (14, 15, 245.0),
)
_TRUNK = 0.15  # of the side; a trunk that looks longer than that says where it points
MIN_SCORE = 0.5  # mean over the joints; under it nobody is there
_FARTHEST = 1.25  # one correction changes the side by no more than this factor


def body_scale(joints_mm: Array) -> float:
    """How large a person (J, 3) is by his bones, as a share of an adult.

    The cube is as deep as it is wide, so that a body twice as far is twice as large in it: divided
    by this, the distance is the one at which the bones are as long as an adult's. The idea is that
    of Zhou et al., arXiv 1910.12032, whose evaluation searches for it.
    """
    shares = [float(np.linalg.norm(joints_mm[a] - joints_mm[b])) / mm for a, b, mm in _BONES]
    return sum(shares) / len(shares)


def square_from_pose(pose: Pose3D, *, trust: float = 1.0) -> Box:
    """The square about a pose's pelvis, turned with its trunk, of the size that the body came out.

    A square that is too large by s shows the person smaller by s in the network's cube.
    trust  0 keeps the side, 1 takes the whole correction
    """
    assert pose.box is not None, "only a pose that came out of a crop can be followed"
    side = pose.box.x1 - pose.box.x0
    scale = float(np.clip(body_scale(pose.joints_mm) / pose.square_scale, 1 / _FARTHEST, _FARTHEST))
    half = side * scale**trust / 2
    x, y = (float(value) for value in pose.pixels[0])
    score = float(pose.score.mean())
    angle = _angle_rad(pose, side)
    return Box(x - half, y - half, x + half, y + half, score, pose.track_id, angle)


def _angle_rad(pose: Pose3D, side_px: float) -> float:
    """The trunk's angle; of a trunk that points at the camera little is believed."""
    assert pose.box is not None
    length_px = float(np.linalg.norm(trunk(pose.pixels)))
    trust = min(length_px / (_TRUNK * side_px), 1.0)
    before = pose.box.angle_rad
    off = math.remainder(lean_rad(pose.pixels) - before, math.tau)
    return math.remainder(before + trust * off, math.tau)


def is_person(pose: Pose3D) -> bool:
    """Whether somebody is where a pose says: the network is sure, and it is a body in size."""
    return bool(pose.score.mean() >= MIN_SCORE and 0.3 < body_scale(pose.joints_mm) < 3)
