"""Depths moved along their rays until the bones are about as long as bones are.

The test-time correction of Wang et al., "3D Human Pose Machines with Self-supervised Learning",
arXiv 1901.03798, without its back-propagation: a few damped Gauss-Newton steps on the joints'
depths. A joint stays on its ray, so that what was seen in the picture is kept to the pixel; it is
held at the network's depth the more the surer the network is. Microseconds a person; off by
default, for on held-out people it wins next to nothing (docs/sspnet-lite.md).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge3dpose.runtime.filters import Filter
from edge3dpose.skeletons import H36M17, length_mm
from edge3dpose.types import Frame, Pose3D

SHORTENED = 0.95  # of its length a bone has in the eyes of a network that is unsure of a depth
DEPTH_MM = 40.0  # 1 sigma of a depth that the network is sure of; over the score for others
LENGTH_MM = 60.0  # 1 sigma of a bone's length
ROOT_MM = 5.0  # the root is the origin: it hardly moves
STEPS, DAMPING, LONGEST_STEP_MM = 4, 1e-3, 150.0

_ENDS, _STARTS = np.arange(1, 17), np.array(H36M17.parents[1:])
LENGTHS_MM = np.array([length_mm(H36M17.parents[end], end) for end in range(1, 17)], np.float64)


def open_filter() -> Filter:
    """The correction as a filter; people without a place in space are left as they are."""
    return corrected_people


def corrected_people(frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
    """Each person corrected; the root keeps its place."""
    return [pose if pose.root_mm is None else _corrected(pose, pose.root_mm) for pose in poses]


def corrected(points_mm: NDArray, score: NDArray) -> NDArray[np.float64]:
    """points (17, 3) before the camera and scores (17,) -> the points, moved along their rays."""
    depth_before = points_mm[:, 2].astype(float)
    rays = points_mm / depth_before[:, None]
    sure = np.clip(score.astype(float), 0.05, 1.0) / DEPTH_MM
    sure[H36M17.root] = 1 / ROOT_MM
    wanted = LENGTHS_MM * _size(points_mm)
    depth = depth_before.copy()
    for _ in range(STEPS):
        points = rays * depth[:, None]
        bones = points[_ENDS] - points[_STARTS]
        lengths = np.linalg.norm(bones, axis=1)
        along = bones / np.maximum(lengths, 1.0)[:, None] / LENGTH_MM
        slope = np.zeros((len(_ENDS), len(depth)))
        slope[_ENDS - 1, _ENDS] = (along * rays[_ENDS]).sum(axis=1)
        slope[_ENDS - 1, _STARTS] -= (along * rays[_STARTS]).sum(axis=1)
        normal = slope.T @ slope + np.diag(sure**2)
        pull = slope.T @ ((lengths - wanted) / LENGTH_MM) + sure**2 * (depth - depth_before)
        normal += np.eye(len(depth)) * DAMPING * np.trace(normal) / len(depth)
        step = np.linalg.solve(normal, pull)
        depth -= np.clip(step, -LONGEST_STEP_MM, LONGEST_STEP_MM)
    return rays * np.maximum(depth, 50.0)[:, None]


def _size(points_mm: NDArray) -> float:
    """How large the person is, as a share of the mean."""
    lengths = np.linalg.norm(points_mm[_ENDS] - points_mm[_STARTS], axis=1)
    return float(np.clip(np.median(lengths / LENGTHS_MM) / SHORTENED, 0.4, 1.3))


def _corrected(pose: Pose3D, root_mm: NDArray) -> Pose3D:
    points = corrected(pose.joints_mm + root_mm, pose.score)
    joints = (points - points[H36M17.root]).astype(np.float32)
    return replace(pose, joints_mm=joints)
