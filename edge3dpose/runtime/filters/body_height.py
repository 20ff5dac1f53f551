"""How far people are by their bones: each moved and scaled until he is as tall as people are.

What a camera shows of a body is the same twice as far and twice as large. The network's root says
how far by what it learned of people; this stage asks for the size at which the bones belong to a
body of a given height, in closed form, microseconds a person. The idea is that of Zhou et al.,
arXiv 1910.12032, whose evaluation searches for the depth. With a height that is known it is nearer
than the network's root for people in everyday poses, with a mean one or seen from above it is not
(docs/sspnet-lite.md): off by default.
"""

from __future__ import annotations

from dataclasses import replace

from edge3dpose.runtime.filters import Filter
from edge3dpose.runtime.roi import body_scale
from edge3dpose.types import Array, Frame, Pose3D

ADULT_MM = 1740.0  # mean of the bodies that were trained on, barefoot
# body_scale of a pose, over the body's height: median over 400 of the training's people, 0.545 to
# 0.549 a metre for every cut of every model that is shipped. Of true joints it is 0.564: a network
# that is unsure of a depth shortens the bone.
SEEN_PER_MM = 0.547e-3
SMALLEST = 0.1  # body_scale; what is smaller is no body, and its distance means nothing


def open_filter(height_mm: float = ADULT_MM) -> Filter:
    """The stage for people of that height; who has no place in space is left as he is."""

    def placed(frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        return [pose if pose.root_mm is None else _placed(pose, height_mm) for pose in poses]

    return placed


def share(joints_mm: Array, height_mm: float) -> float:
    """By how much farther and larger a body (J, 3) is, were it that tall."""
    return SEEN_PER_MM * height_mm / max(body_scale(joints_mm), SMALLEST)


def _placed(pose: Pose3D, height_mm: float) -> Pose3D:
    """Scaled about the camera, so that no pixel moves."""
    assert pose.root_mm is not None
    by = share(pose.joints_mm, height_mm)
    return replace(
        pose,
        joints_mm=pose.joints_mm * by,
        root_mm=pose.root_mm * by,
        std_mm=None if pose.std_mm is None else pose.std_mm * by,
    )
