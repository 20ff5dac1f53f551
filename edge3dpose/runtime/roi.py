"""Pose in, region of interest (ROI) for the next frame out.

An ROI is a square about the pelvis that spans 2.25 m at the person's depth, turned with the trunk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from edge3dpose.skeletons import lean_rad, trunk
from edge3dpose.types import Array, Box, Pose3D

# Bones of h36m17 as (joint, joint, mm): their mean length in the output of a trained network when
# the ROI has the right size. They are a few percent below the training people's true means, because
# a network that is unsure of a depth shortens the bone. Forearms are left out: too unsure.
_BONES = (
    (1, 2, 420.0),
    (2, 3, 452.0),
    (4, 5, 420.0),
    (5, 6, 452.0),
    (0, 8, 575.0),
    (11, 12, 245.0),
    (14, 15, 245.0),
)
_TRUNK = 0.15  # of the side; a trunk that is longer than that in the image gives the ROI's angle
MIN_SCORE = 0.5  # mean over the joints; below it there is no person
_MAX_CORRECTION = 1.25  # the side changes by at most this factor at once


@dataclass(frozen=True, slots=True)
class TrackedPose:
    """A person in the last frame, with what the ROI in the next frame is computed from."""

    pose: Pose3D
    roi_scale: float = 1.0  # what its ROI spans at the person, over what a training crop spans


def body_scale(joints_mm: Array) -> float:
    """Size of a person (J, 3) by the bones, as a share of an adult.

    The network's cube is as deep as it is wide, so a person twice as far away is twice as large in
    it: the distance over this factor is the one at which the bones are as long as an adult's. The
    idea is that of Zhou et al., arXiv 1910.12032, whose evaluation searches for it.
    """
    shares = [float(np.linalg.norm(joints_mm[a] - joints_mm[b])) / mm for a, b, mm in _BONES]
    return sum(shares) / len(shares)


def roi_from_pose(person: TrackedPose, *, trust: float = 1.0) -> Box:
    """The ROI about a pose's pelvis, turned with the trunk, its size corrected by the body's size.

    In an ROI that is too large by a factor s the person comes out smaller by s.
    trust  share of the correction that is applied: 0 keeps the side, 1 applies all of it
    """
    pose = person.pose
    assert pose.box is not None, "only a pose that came out of a crop can be followed"
    side = pose.box.x1 - pose.box.x0
    correction = body_scale(pose.joints_mm) / person.roi_scale
    scale = float(np.clip(correction, 1 / _MAX_CORRECTION, _MAX_CORRECTION))
    half = side * scale**trust / 2
    x, y = (float(value) for value in pose.pixels[0])
    score = float(pose.score.mean())
    angle = _angle_rad(pose, side)
    return Box(x - half, y - half, x + half, y + half, score, pose.track_id, angle)


def _angle_rad(pose: Pose3D, side_px: float) -> float:
    """The trunk's angle; a trunk that points at the camera changes it little."""
    assert pose.box is not None
    length_px = float(np.linalg.norm(trunk(pose.pixels)))
    trust = min(length_px / (_TRUNK * side_px), 1.0)
    before = pose.box.angle_rad
    off = math.remainder(lean_rad(pose.pixels) - before, math.tau)
    return math.remainder(before + trust * off, math.tau)


def is_person(pose: Pose3D) -> bool:
    """Whether a pose is a person's: the network is sure of it, and it has the size of a body."""
    return bool(pose.score.mean() >= MIN_SCORE and 0.3 < body_scale(pose.joints_mm) < 3)
