"""The 2D teachers of a folder: BlazePose heavy and full, and MoveNet Thunder where it is there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge3dpose import paths
from edge3dpose.training.teacher import blazepose, convention, movenet
from edge3dpose.training.teacher.agreement import Opinion
from edge3dpose.training.teacher.blazepose import Landmarks, Roi
from edge3dpose.types import Box, Image

BLAZEPOSE_SURE = 0.6  # least visibility of a landmark
MOVENET_SURE = 0.3  # least score of a point; below it most were elsewhere than BlazePose's
# -1 / ln(OKS) on people annotated by hand: the inverse of the mean square error
HEAVY_WEIGHT, FULL_WEIGHT, THUNDER_WEIGHT = 3.6, 2.9, 5.0
_TRUNK, _HEAD = (11, 12, 23, 24), (0, 7, 8)  # landmarks; nose and ears
# Landmarks that must be seen for a joint that MediaPipe does not have
_NEEDS = {0: (23, 24), 7: _TRUNK, 8: _TRUNK, 9: (*_TRUNK, *_HEAD), 10: (*_TRUNK, *_HEAD)}


@dataclass(frozen=True)
class Teachers:
    """Two or three teachers of 2D."""

    heavy: blazepose.Teacher
    full: blazepose.Teacher
    thunder: movenet.Teacher | None = None
    files: tuple[str, ...] = ()  # name and SHA-256 of each

    def look(self, image: Image, box: Box) -> tuple[list[Opinion], Roi] | None:
        """What they say of the person in a box, and the ROI; None where BlazePose sees nobody.

        MoveNet sees the ROI that BlazePose heavy came to from the box, or full where heavy finds
        nobody.
        """
        found = [
            (landmarks, weight)
            for teacher, weight in ((self.heavy, HEAVY_WEIGHT), (self.full, FULL_WEIGHT))
            if (landmarks := blazepose.landmarks_in_box(teacher, image, box)) is not None
        ]
        if not found:
            return None
        roi = found[0][0].next_roi
        opinions = [of_blazepose(landmarks, weight) for landmarks, weight in found]
        if self.thunder is not None:
            opinions.append(of_movenet(self.thunder(image, roi)))
        return opinions, roi


def open_teachers(folder: Path) -> Teachers:
    """Open a folder's teachers, each verified first; BadInput for a missing or another file.

    folder  has pose_landmark_heavy.tflite and pose_landmark_full.tflite, and may have
            movenet-thunder.onnx
    """
    models = [folder / file for file in blazepose.SHA256]
    heavy, full = (blazepose.open_verified(model) for model in models)
    third = folder / movenet.FILE
    thunder = movenet.open_teacher(third) if third.exists() else None
    models += [third] if thunder else []
    files = tuple(f"{model.name} {paths.sha256_of(model)}" for model in models)
    return Teachers(heavy, full, thunder, files)


def of_blazepose(landmarks: Landmarks, weight: float) -> Opinion:
    """All our joints, by the convention map."""
    seen = landmarks.visibility > BLAZEPOSE_SURE
    sure = np.zeros(17, bool)
    for joint in range(17):
        needs = _NEEDS.get(joint) or (blazepose.LANDMARK_OF_JOINT[joint],)
        sure[joint] = seen[list(needs)].all()
    return Opinion(convention.shipped() @ landmarks.pixels, sure, weight)


def of_movenet(points: movenet.Points) -> Opinion:
    """The twelve joints of the limbs and the pelvis."""
    pixels, score = points.joints()
    return Opinion(pixels, score > MOVENET_SURE, THUNDER_WEIGHT)
