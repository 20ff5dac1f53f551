"""Left and right kept from one frame to the next: a swap that the prior frame makes implausible.

A network that sees a person from behind or from the side may take left for right in single frames.
Mirrored in depth and with left and right exchanged, such a pose has the same joints in the image:
that is the other reading of one picture, a real body again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from edge3dpose.types import Pose3D

MARGIN = 0.15  # least gain of an exchange
STUBBORN_S = 1.0  # after so long the network is believed


@dataclass(slots=True)
class Sides:
    """One person's left and right over time."""

    swapped_since_s: float | None = None

    def kept(self, pose: Pose3D, gain: float, before: Pose3D, time_s: float) -> Pose3D:
        """The pose, its left and right exchanged where they were swapped since the prior frame.

        gain    OKS by which the exchanged pose fits what the prior frame lets expect better
        before  the pose of the prior frame
        """
        if gain < MARGIN:
            self.swapped_since_s = None
            return pose
        since_s = time_s if self.swapped_since_s is None else self.swapped_since_s
        self.swapped_since_s = since_s
        if time_s - since_s > STUBBORN_S:
            self.swapped_since_s = None
            return pose
        return exchanged(pose, before)


def exchanged(pose: Pose3D, before: Pose3D) -> Pose3D:
    """A pose with left and right exchanged in the image and in space.

    Depths are mirrored about the root too where that is nearer to the pose before.
    """
    order = list(pose.skeleton.mirror)
    joints = pose.joints_mm
    if pose.is_3d:
        joints = joints[order]
        mirrored = joints * np.array([1, 1, -1], np.float32)
        then = before.joints_mm[:, 2]
        apart = [float(np.abs(one[:, 2] - then).mean()) for one in (joints, mirrored)]
        joints = mirrored if apart[1] < apart[0] else joints
    return replace(
        pose,
        joints_mm=joints,
        pixels=pose.pixels[order],
        score=pose.score[order],
        std_mm=None if pose.std_mm is None else pose.std_mm[order],
        outside=None if pose.outside is None else pose.outside[order],
    )
