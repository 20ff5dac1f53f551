"""Clips and photos of real people -> crops with the 2D labels that two teachers agree on.

BlazePose heavy and full see the same person. A joint is labelled where both give it a high
visibility and the same place. The convention map turns their landmarks into our joints. There is
no depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.training.data import real_crops
from edge3dpose.training.data.real_crops import CROP, MARGIN, RealCrop
from edge3dpose.training.data.warp import warped
from edge3dpose.training.teacher import blazepose, convention
from edge3dpose.training.teacher.blazepose import Landmarks, Teacher
from edge3dpose.types import Box, Frame, Image

EVERY_S = 0.06  # of a clip: the frames between are hardly different
SURE = 0.6  # least visibility of a landmark
AGREE = 0.12  # of the torso's length: greatest distance of a landmark between the teachers
LEAST_KNOWN = 8  # joints of a crop; crops with fewer are dropped
ROI_PER_SIDE = 0.93  # our ROI (2.25 m) over the teacher's: median of renders and clips
TRUNK = (11, 12, 23, 24)  # landmarks
HEAD = (0, 7, 8)  # nose, ears
# Landmarks that must be known for a joint that MediaPipe does not have
_NEEDS = {0: (23, 24), 7: TRUNK, 8: TRUNK, 9: (*TRUNK, *HEAD), 10: (*TRUNK, *HEAD)}

Teachers: TypeAlias = tuple[Teacher, Teacher]


def label_sources(
    sources: Sequence[Path], teachers: Path, out: Path, message: Callable[[str], None]
) -> int:
    """Write the crops of all sources, clips or folders of photos; gives how many there are.

    teachers  folder with pose_landmark_heavy.tflite and pose_landmark_full.tflite
    message   is called with each source and its number of crops
    """
    heavy, full = (
        blazepose.open_teacher(teachers / f"pose_landmark_{size}.tflite")
        for size in ("heavy", "full")
    )
    detect = open_detector("blazepose")
    facts: list[str] = []
    crops: list[RealCrop] = []
    for path in sources:
        found = label(_frames(path), detect, (heavy, full))
        facts.append(f"{_identity(path)} {len(found)}")
        message(facts[-1])
        crops += found
    if not crops:
        raise BadInput("the teachers agree on nobody in these sources")
    real_crops.save(crops, facts, out)
    return len(crops)


def label(frames: Iterable[Frame], detect: Detector, teachers: Teachers) -> list[RealCrop]:
    """The crops of all frames of a source."""
    return [crop for frame in frames for crop in people_in(frame, detect(frame, []), teachers)]


def people_in(frame: Frame, boxes: list[Box], teachers: Teachers) -> list[RealCrop]:
    """The crops of those people of a frame on whom both teachers agree."""
    found: list[tuple[NDArray, RealCrop]] = []
    for box in boxes:
        first, second = (blazepose.landmarks_in_box(one, frame.image, box) for one in teachers)
        if first is None or second is None:
            continue
        pixels = agreed(first, second)
        middle = np.array(first.next_roi.centre_px)
        side = first.next_roi.side_px
        if np.isfinite(pixels[:, 0]).sum() < LEAST_KNOWN:
            continue
        if any(np.linalg.norm(middle - other) < 0.2 * side for other, _ in found):
            continue  # two boxes of one person
        found.append((middle, _crop(frame.image, pixels, middle, side * ROI_PER_SIDE)))
    return [crop for _, crop in found]


def agreed(first: Landmarks, second: Landmarks) -> NDArray:
    """Our joints (17, 2) in frame pixels by the first one, NaN where the two differ."""
    torso = np.linalg.norm(first.pixels[[11, 12]].mean(0) - first.pixels[[23, 24]].mean(0))
    apart = np.linalg.norm(first.pixels - second.pixels, axis=1)
    known = (apart < AGREE * max(float(torso), 1.0)) & (
        np.minimum(first.visibility, second.visibility) > SURE
    )
    joints = convention.shipped() @ first.pixels
    for joint in range(len(joints)):
        needs = _NEEDS.get(joint) or (blazepose.LANDMARK_OF_JOINT[joint], *TRUNK)
        if not known[list(needs)].all():
            joints[joint] = np.nan
    return joints


def _crop(image: Image, pixels: NDArray, middle: NDArray, side_px: float) -> RealCrop:
    known = pixels[0] if np.isfinite(pixels[0]).all() else middle
    scale = CROP / (side_px * MARGIN)
    matrix = np.column_stack([np.eye(2) * scale, CROP / 2 - scale * known])
    return RealCrop(warped(image, matrix, CROP), pixels * scale + matrix[:, 2])


def _identity(path: Path) -> str:
    if path.is_file():
        return f"{path.name} {paths.sha256_of(path)}"
    return path.name


def _frames(path: Path) -> Iterator[Frame]:
    with closing(open_source(str(path))) as source:
        last_s = -np.inf
        for frame in source:
            if not source.related or frame.time_s - last_s >= EVERY_S:
                last_s = frame.time_s
                yield frame
