"""Clips and photos of real people -> crops with the 2D labels that the teachers agree on.

BlazePose heavy and full and, where its file is there, MoveNet Thunder see the same person. A joint
is labelled where two of them are sure of it and give it the same place. There is no depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import paths
from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import Detector, open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.training.data import real_crops
from edge3dpose.training.data.real_crops import CROP, MARGIN, RealCrop
from edge3dpose.training.data.warp import warped
from edge3dpose.training.teacher import movenet
from edge3dpose.training.teacher.agreement import agreed
from edge3dpose.training.teacher.teachers import Teachers, open_teachers
from edge3dpose.types import Box, Frame, Image

EVERY_S = 0.06  # of a clip: the frames between are hardly different
LEAST_KNOWN = 8  # joints of a crop; crops with fewer are dropped
ROI_PER_SIDE = 0.93  # our ROI (2.25 m) over the teacher's: median of renders and clips


def label_sources(
    sources: Sequence[Path], teachers: Path, out: Path, message: Callable[[str], None]
) -> int:
    """Write the crops of all sources, clips or folders of photos; gives how many there are.

    teachers  folder with pose_landmark_heavy.tflite and pose_landmark_full.tflite, and
              movenet-thunder.onnx where there is one
    message   is called with each source and its numbers of crops and of labelled joints
    """
    opened = open_teachers(teachers)
    if opened.thunder is None:
        message(f"no {movenet.FILE} in {teachers}: two teachers label")
    detect = open_detector("blazepose")
    facts: list[str] = []
    crops: list[RealCrop] = []
    for path in sources:
        found = label(_frames(path), detect, opened)
        facts.append(f"{_identity(path)} {len(found)}")
        joints = sum(int(np.isfinite(crop.pixels[:, 0]).sum()) for crop in found)
        message(f"{facts[-1]} crops, {joints} joints")
        crops += found
    if not crops:
        raise BadInput("the teachers agree on nobody in these sources")
    real_crops.save(crops, facts, out, opened.files)
    return len(crops)


def label(frames: Iterable[Frame], detect: Detector, teachers: Teachers) -> list[RealCrop]:
    """The crops of all frames of a source."""
    return [crop for frame in frames for crop in people_in(frame, detect(frame), teachers)]


def people_in(frame: Frame, boxes: list[Box], teachers: Teachers) -> list[RealCrop]:
    """The crops of those people of a frame on whom the teachers agree."""
    found: list[tuple[NDArray, RealCrop]] = []
    for box in boxes:
        seen = teachers.look(frame.image, box)
        if seen is None:
            continue
        opinions, roi = seen
        pixels = agreed(opinions)
        middle, side = np.array(roi.centre_px), roi.side_px
        if np.isfinite(pixels[:, 0]).sum() < LEAST_KNOWN:
            continue
        if any(np.linalg.norm(middle - other) < 0.2 * side for other, _ in found):
            continue  # two boxes of one person
        found.append((middle, _crop(frame.image, pixels, middle, side * ROI_PER_SIDE)))
    return [crop for _, crop in found]


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
