"""Joints outside the frame get a score near 0: nobody is told a guess with confidence.

After the temporal lift, which was trained on what the network says of such joints and needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.types import Frame, Pose3D

MOST = 0.02  # score of a joint outside the frame


class OutsidePlugin(FilterPlugin):
    """Always on."""

    name = "outside"
    order = 90

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Always."""
        return True

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter."""
        return Outside()


class Outside(Filter):
    """Lowers the scores of the joints outside the frame."""

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The poses, their positions as they were."""
        return [_lowered(pose) for pose in poses]


def _lowered(pose: Pose3D) -> Pose3D:
    if pose.outside is None or not pose.outside.any():
        return pose
    score = np.where(pose.outside, np.minimum(pose.score, MOST), pose.score)
    return replace(pose, score=score.astype(np.float32))


PLUGIN = OutsidePlugin()
