"""The joint sets, as tables."""

from __future__ import annotations

import math

from numpy.typing import NDArray

from edge3dpose.types import Skeleton

H36M17 = Skeleton(
    name="h36m17",
    joints=(
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "spine",
        "thorax",
        "neck",
        "head_top",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    mirror=(0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13),
)


def trunk(joints: NDArray) -> NDArray:
    """From the pelvis to between the shoulders: (..., 17, D) of h36m17 -> (..., D)."""
    return joints[..., H36M17.joints.index("thorax"), :] - joints[..., H36M17.root, :]


def lean_rad(pixels: NDArray) -> float:
    """How far the trunk leans in a picture, clockwise, 0 upright: (17, 2) pixels -> radians."""
    across, down = trunk(pixels)
    return math.atan2(float(across), -float(down))
