"""People who stand in a frame, and a detector that finds what it is told."""

import numpy as np
from standing import JOINTS_MM, SPEC

from edge3dpose.camera import open_lens
from edge3dpose.runtime.detectors import Detector
from edge3dpose.runtime.roi import TrackedPose
from edge3dpose.types import Box, Frame, Pose3D

BLACK = np.zeros((480, 640, 3), np.uint8)


def frame_at(time_s, image=BLACK):
    return Frame(image, round(time_s * 10), time_s, open_lens()(image.shape[1], image.shape[0]))


def pose_at(x, y, side, *, track_id=0, scale=1.0, score=0.9):
    pixels = JOINTS_MM[:, :2] * scale * side / SPEC.crop_side_mm + (x, y)
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    pose = Pose3D(
        (JOINTS_MM * scale).astype(np.float32),
        pixels.astype(np.float32),
        np.full(17, score, np.float32),
        np.zeros(3, np.float32),
        track_id,
        box,
    )
    return TrackedPose(pose)


def box_at(x, y, side):
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


class Finder(Detector):
    """Finds the boxes it was given, and counts how often it was asked."""

    def __init__(self, *boxes):
        self.boxes, self.asked = list(boxes), 0

    def __call__(self, frame):
        self.asked += 1
        return list(self.boxes)
