"""Clips and photos that may be trained on -> crops with the 2D that two teachers agree on.

BlazePose heavy and full look at the same person; a joint counts where both are sure of it and see
it in the same place. Their landmarks become our joints by the convention map. There is no depth.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import storage
from edge3dpose.errors import BadInput
from edge3dpose.training.data.warp import warped
from edge3dpose.training.teacher import blazepose as teacher
from edge3dpose.training.teacher import convention
from edge3dpose.training.teacher.blazepose import Landmarks, Look
from edge3dpose.types import Box, Frame, Image

Detect = Callable[[Frame, list], list[Box]]  # a runtime.detectors.Detector

SURE = 0.6  # visibility of a landmark from which on both teachers are believed
AGREE = 0.12  # of the torso's length: they see a landmark in one place
LEAST_KNOWN = 8  # joints of a crop, or it teaches too little
CROP = 352  # stored pixels; the square about a person is two thirds of it
MARGIN = 1.5  # stored side over that square's
SQUARE_PER_SIDE = 0.93  # our square (2.25 m) over the teacher's: median of renders and clips
TRUNK = (11, 12, 23, 24)  # landmarks
HEAD = (0, 7, 8)  # nose, ears
# Landmarks that must be known for a joint that MediaPipe does not have
_NEEDS = {0: (23, 24), 7: TRUNK, 8: TRUNK, 9: (*TRUNK, *HEAD), 10: (*TRUNK, *HEAD)}


@dataclass(frozen=True, slots=True)
class RealCrop:
    """A person of a real picture; joints in the order of skeletons.H36M17."""

    image: Image  # (CROP, CROP, 3) BGR, the pelvis in the middle, MARGIN around the square
    pixels: NDArray  # (17, 2) of that image, NaN where unknown


def label(
    sources: Iterable[tuple[str, Iterable[Frame]]], detect: Detect, looks: tuple[Look, Look]
) -> Iterator[tuple[str, list[RealCrop]]]:
    """Fact and crops of each source: name with SHA-256, and its frames."""
    for fact, frames in sources:
        crops = [crop for frame in frames for crop in people_in(frame, detect(frame, []), looks)]
        yield f"{fact} {len(crops)}", crops


def people_in(frame: Frame, boxes: list[Box], looks: tuple[Look, Look]) -> list[RealCrop]:
    """The crops of those people of a frame on whom both teachers agree."""
    found: list[tuple[NDArray, RealCrop]] = []
    for box in boxes:
        seen = [teacher.settle(look, frame.image, box) for look in looks]
        if seen[0] is None or seen[1] is None:
            continue
        pixels = agreed(seen[0], seen[1])
        middle = np.array(seen[0].square.centre_px)
        side = seen[0].square.side_px
        if np.isfinite(pixels[:, 0]).sum() < LEAST_KNOWN:
            continue
        if any(np.linalg.norm(middle - other) < 0.2 * side for other, _ in found):
            continue  # two boxes that settled on one person
        found.append((middle, _crop(frame.image, pixels, middle, side * SQUARE_PER_SIDE)))
    return [crop for _, crop in found]


def agreed(first: Landmarks, second: Landmarks) -> NDArray:
    """Our joints (17, 2) in frame pixels as the first one sees them, NaN where the two differ."""
    torso = np.linalg.norm(first.pixels[[11, 12]].mean(0) - first.pixels[[23, 24]].mean(0))
    apart = np.linalg.norm(first.pixels - second.pixels, axis=1)
    known = (apart < AGREE * max(float(torso), 1.0)) & (
        np.minimum(first.visibility, second.visibility) > SURE
    )
    joints = convention.shipped() @ first.pixels
    for joint in range(len(joints)):
        needs = _NEEDS.get(joint) or (teacher.LANDMARK_OF_JOINT[joint], *TRUNK)
        if not known[list(needs)].all():
            joints[joint] = np.nan
    return joints


def read(file: Path) -> list[RealCrop]:
    """The crops of a file that ``label`` wrote; never a pickle."""
    try:
        with np.load(file, allow_pickle=False) as content:
            joints, ends = content["joints"], content["ends"]
            coded = np.split(content["jpeg"], ends[:-1])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadInput(f"{file} holds no labelled crops: {error}") from None
    crops = []
    for picture, pixels in zip(coded, joints, strict=True):
        image = cv2.imdecode(picture, cv2.IMREAD_COLOR)
        if image is None or image.shape != (CROP, CROP, 3):
            raise BadInput(f"{file} holds a crop that is no JPEG of {CROP} px")
        crops.append(RealCrop(np.asarray(image, np.uint8), pixels.astype(np.float32)))
    return crops


def sources(file: Path) -> list[str]:
    """What a file was made of: name, SHA-256 and number of crops of each source."""
    with np.load(file, allow_pickle=False) as content:
        return [str(fact) for fact in content["sources"]]


def _crop(image: Image, pixels: NDArray, middle: NDArray, side_px: float) -> RealCrop:
    known = pixels[0] if np.isfinite(pixels[0]).all() else middle
    scale = CROP / (side_px * MARGIN)
    matrix = np.column_stack([np.eye(2) * scale, CROP / 2 - scale * known])
    return RealCrop(warped(image, matrix, CROP), pixels * scale + matrix[:, 2])


def save(crops: list[RealCrop], facts: list[str], out: Path) -> None:
    """Write crops and what they were made of, whole or not at all."""
    coded = [cv2.imencode(".jpg", crop.image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1] for crop in crops]
    with storage.writing(out) as temporary, open(temporary, "wb") as file:
        np.savez(
            file,  # by its name alone, numpy would add .npz to it
            jpeg=np.concatenate([picture.ravel() for picture in coded]),
            ends=np.cumsum([picture.size for picture in coded]),
            joints=np.array([crop.pixels for crop in crops], np.float32),
            sources=np.array(facts),
        )
