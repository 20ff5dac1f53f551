"""Joints outside the frame get a score near 0, and joints at its border a lower one.

The network draws the joints of a person whom the border cuts into the frame: a joint that it puts
near the border often lies beyond it. How often was counted on rendered crowds, people who come in
and leave (``benchmarks/border.py``), and the score is multiplied by the share that lies inside.

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
# From the border into the frame, in sides of the ROI -> share of such joints that lie in the frame
BORDER = (0.0, 0.005, 0.015, 0.025, 0.0375, 0.0575, 0.085, 0.125, 0.2, 0.3)
INSIDE = (0.28, 0.33, 0.43, 0.615, 0.79, 0.886, 0.934, 0.969, 0.991, 1.0)


class OutsidePlugin(FilterPlugin):
    """Always on."""

    name = "outside"
    order = 90
    needs = ""

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Always."""
        return True

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter."""
        return Outside()


class Outside(Filter):
    """Lowers the scores of the joints outside the frame and at its border."""

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The poses, their positions as they were."""
        width, height = frame.size_px
        return [_lowered(pose, width, height) for pose in poses]


def _lowered(pose: Pose3D, width: int, height: int) -> Pose3D:
    score = np.asarray(pose.score, np.float32)
    if pose.box is not None:
        x, y = pose.pixels[:, 0], pose.pixels[:, 1]
        inside_px = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y))
        side_px = max(pose.box.x1 - pose.box.x0, 1.0)
        share = np.interp(inside_px / side_px, BORDER, INSIDE)
        score = (score * share).astype(np.float32)
    if pose.outside is not None and pose.outside.any():
        score = np.where(pose.outside, np.minimum(score, MOST), score)
    return replace(pose, score=score.astype(np.float32))


PLUGIN = OutsidePlugin()
