"""Pose in, region of interest (ROI) for the next frame out.

An ROI is a square about the pelvis that spans 2.25 m at the person's depth, turned with the trunk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge3dpose.engine_types import CropRule
from edge3dpose.runtime.crop_rule import box_of_pose
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
_FEWEST_BONES = 2  # inside the frame; with fewer all of them give the size
_TRUNK = 0.15  # of the side; a trunk that is longer than that in the image gives the ROI's angle
MIN_SCORE = 0.5  # mean over the joints; below it there is no person
_MAX_CORRECTION = 1.25  # the side changes by at most this factor at once
SETTLE_S = 1.0  # time constant of the ROI's size
BAND_CENTRE, BAND_SIDE, BAND_ANGLE_RAD = 0.03, 0.05, 0.06  # the dead-band; shares of the side
STILL_S = 0.3  # within the dead-band, before the ROI is held


@dataclass(frozen=True, slots=True)
class TrackedPose:
    """A person in the last frame, with what the ROI in the next frame is computed from."""

    pose: Pose3D
    roi_scale: float = 1.0  # what its ROI spans at the person, over what a training crop spans
    found: Box | None = None  # what the detector found, of somebody new
    rule: CropRule | None = None  # of a model of a spec file


def body_scale(joints_mm: Array, outside: NDArray[np.bool_] | None = None) -> float:
    """Size of a person (J, 3) by the bones, as a share of an adult.

    outside  (J,) joints that the frame does not show: their bones are left out

    The network's cube is as deep as it is wide, so a person twice as far away is twice as large in
    it: the distance over this factor is the one at which the bones are as long as an adult's. The
    idea is that of Zhou et al., arXiv 1910.12032, whose evaluation searches for it.
    """
    shown = [one for one in _BONES if outside is None or not (outside[one[0]] or outside[one[1]])]
    used = shown if len(shown) >= _FEWEST_BONES else _BONES
    shares = [float(np.linalg.norm(joints_mm[a] - joints_mm[b])) / mm for a, b, mm in used]
    return sum(shares) / len(shares)


def roi_from_pose(person: TrackedPose) -> Box:
    """The ROI about a pose's pelvis, turned with the trunk, its size corrected by the body's size.

    In an ROI that is too large by a factor s the person comes out smaller by s.
    """
    pose = person.pose
    assert pose.box is not None, "only a pose that came out of a crop can be followed"
    if person.rule is not None and person.rule.kind != "roi":
        return box_of_pose(pose, person.rule, new=person.found is not None)
    pose = pose.in_h36m17()
    assert pose.box is not None
    side = pose.box.x1 - pose.box.x0
    correction = body_scale(pose.joints_mm, pose.outside) / person.roi_scale
    scale = float(np.clip(correction, 1 / _MAX_CORRECTION, _MAX_CORRECTION))
    half = side * scale / 2
    x, y = (float(value) for value in pose.pixels[0])
    score = pose.mean_score
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


def is_person(pose: Pose3D, rule: CropRule | None = None) -> bool:
    """Whether a pose is a person's: the network is sure of it, and it has the size of a body."""
    if rule is not None:
        return pose.mean_score >= rule.min_score
    return pose.mean_score >= MIN_SCORE and 0.3 < body_scale(pose.joints_mm, pose.outside) < 3


@dataclass(slots=True)
class SteadyRoi:
    """One person's ROI over time: it stays where it is while the person hardly moves.

    A pose depends a little on its ROI, and the ROI on the pose: on a frozen picture both would go
    round in circles. A person who moves is followed as before: the ROI is held only once it has
    stayed within the dead-band for STILL_S, and at speed it never is.
    """

    held: Box | None = None  # where the person stands still
    _anchor: Box | None = None  # where the ROI was when it last left the dead-band
    _since_s: float = 0.0  # since when it has been there
    _log_side: float = 0.0  # of the side that the poses ask for, over time
    _time_s: float = -math.inf

    def __call__(self, person: TrackedPose, time_s: float) -> Box:
        """The ROI of the next frame, at ``time_s``."""
        trust = 1 - math.exp(-max(time_s - self._time_s, 0.0) / SETTLE_S)
        self._time_s = time_s
        full = roi_from_pose(person)
        asked = math.log(full.x1 - full.x0)
        seen = person.pose.box
        assert seen is not None, "only a pose that came out of a crop can be followed"
        if self.held is None:
            self._log_side = math.log(seen.x1 - seen.x0)
        self._log_side += trust * (asked - self._log_side)
        wanted = _resized(full, math.exp(self._log_side))
        if self.held is not None:
            if _within_dead_band(wanted, self.held):
                return replace(self.held, score=wanted.score)
            self.held = self._anchor = None
        if self._anchor is None or not _within_dead_band(wanted, self._anchor):
            self._anchor, self._since_s = wanted, time_s
        elif time_s - self._since_s >= STILL_S:
            self.held = wanted
        return wanted


def _resized(box: Box, side: float) -> Box:
    x, y, half = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, side / 2
    return replace(box, x0=x - half, y0=y - half, x1=x + half, y1=y + half)


def _within_dead_band(a: Box, b: Box) -> bool:
    side = b.x1 - b.x0
    moved = math.hypot(a.x0 + a.x1 - b.x0 - b.x1, a.y0 + a.y1 - b.y0 - b.y1) / 2
    turned = abs(math.remainder(a.angle_rad - b.angle_rad, math.tau))
    resized = abs((a.x1 - a.x0) / side - 1)
    return moved < BAND_CENTRE * side and resized < BAND_SIDE and turned < BAND_ANGLE_RAD
