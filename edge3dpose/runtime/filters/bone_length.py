"""Joint depths moved along their rays until the bones have about the lengths of an adult's.

The test-time correction of Wang et al., "3D Human Pose Machines with Self-supervised Learning",
arXiv 1901.03798, without its back-propagation: a few damped Gauss-Newton steps on the joints'
depths. A joint stays on its ray, so its pixel does not change; the surer the network is of a joint,
the more the joint is held at the network's depth. Microseconds a person; off by default, because on
held-out people it gains next to nothing (docs/sspnet-lite.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.skeletons import H36M17, length_mm
from edge3dpose.types import Frame, Pose3D

SHORTENED = 0.95  # of its length: a network that is unsure of a depth shortens the bone
DEPTH_MM = 40.0  # 1 sigma of a depth that the network is sure of; over the score for others
LENGTH_MM = 60.0  # 1 sigma of a bone's length
ROOT_MM = 5.0  # the root is the origin: it hardly moves
STEPS, DAMPING, LONGEST_STEP_MM = 4, 1e-3, 150.0

_ENDS, _STARTS = np.arange(1, 17), np.array(H36M17.parents[1:])
LENGTHS_MM = np.array([length_mm(H36M17.parents[end], end) for end in range(1, 17)], np.float64)


class BoneLengthPlugin(FilterPlugin):
    """--bones."""

    name = "bone-length"
    order = 20
    options = (
        PluginOption(
            "--bones/--no-bones",
            "Move joint depths until the bones have an adult's lengths.",
            kind=bool,
            default=False,
            show_default=True,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """With --bones."""
        return bool(values["bones"])

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter."""
        return BoneLength()

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """What is corrected."""
        return {"correction": "bone-length on joints_mm" if on else None}


class BoneLength(Filter):
    """Corrects each person; a person without a place in space is left unchanged."""

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """Each person corrected; the root keeps its place."""
        return [pose if pose.root_mm is None else _corrected(pose, pose.root_mm) for pose in poses]


def corrected(points_mm: NDArray, score: NDArray) -> NDArray[np.float64]:
    """points (17, 3) in camera axes and scores (17,) -> the points, moved along their rays."""
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
    """Size of the person, as a share of the mean."""
    lengths = np.linalg.norm(points_mm[_ENDS] - points_mm[_STARTS], axis=1)
    return float(np.clip(np.median(lengths / LENGTHS_MM) / SHORTENED, 0.4, 1.3))


def _corrected(pose: Pose3D, root_mm: NDArray) -> Pose3D:
    points = corrected(pose.joints_mm + root_mm, pose.score)
    joints = (points - points[H36M17.root]).astype(np.float32)
    return replace(pose, joints_mm=joints)


PLUGIN = BoneLengthPlugin()
