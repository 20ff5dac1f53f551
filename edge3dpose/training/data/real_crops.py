"""A file of crops of real people with 2D labels: written by real_labels, read by real_people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge3dpose import plain_arrays, storage
from edge3dpose.errors import BadInput
from edge3dpose.types import Image

CROP = 352  # stored pixels a side
TEACHERS = ("pose_landmark_heavy.tflite", "pose_landmark_full.tflite")  # of files that name none
LARGEST_PX = 1e6  # of a joint
MARGIN = 1.5  # side of a crop over that of the person's ROI


@dataclass(frozen=True, slots=True)
class RealCrop:
    """A person of a real picture; joints in the order of skeletons.H36M17."""

    image: Image  # (CROP, CROP, 3) BGR, the pelvis in the middle
    pixels: NDArray  # (17, 2) of that image, NaN where unknown


def read(file: Path) -> list[RealCrop]:
    """The crops of a file that ``save`` wrote; never a pickle."""
    content = _arrays(file, "joints", "ends", "jpeg")
    joints, ends, jpeg = content["joints"], content["ends"], content["jpeg"]
    if (
        (joints.dtype.kind, joints.shape[1:]) != ("f", (17, 2))
        or (ends.dtype.kind, ends.shape) != ("i", joints.shape[:1])
        or (jpeg.dtype, jpeg.ndim) != (np.uint8, 1)
        or (np.abs(joints[~np.isnan(joints)]) > LARGEST_PX).any()
        or (np.diff(ends, prepend=0, append=jpeg.size) < 0).any()
    ):
        raise BadInput(f"{file} holds no labelled crops: its arrays do not fit each other")
    if not len(ends):
        return []
    crops = []
    for picture, pixels in zip(np.split(jpeg, ends[:-1]), joints, strict=True):
        image = cv2.imdecode(picture, cv2.IMREAD_COLOR) if _is_small_jpeg(picture) else None
        if image is None or image.shape != (CROP, CROP, 3):
            raise BadInput(f"{file} holds a crop that is no JPEG of {CROP} px")
        crops.append(RealCrop(np.asarray(image, np.uint8), pixels.astype(np.float32)))
    return crops


def sources(file: Path) -> list[str]:
    """Name, SHA-256 and number of crops of each source of a file."""
    return [str(fact) for fact in _arrays(file, "sources")["sources"].ravel()]


def teachers(file: Path) -> list[str]:
    """Name and SHA-256 of each teacher that labelled a file."""
    return [str(one) for one in np.ravel(_arrays(file).get("teachers", np.array(TEACHERS)))]


def _arrays(file: Path, *names: str) -> dict[str, NDArray]:
    """The arrays of a file, these among them."""
    try:
        found = plain_arrays.read_npz(file)
    except BadInput as error:
        raise BadInput(f"{file} holds no labelled crops: {error}") from None
    if lacking := [name for name in names if name not in found]:
        raise BadInput(f"{file} holds no labelled crops: it has no {', '.join(lacking)}")
    return found


def _is_small_jpeg(picture: NDArray[np.uint8]) -> bool:
    """Whether bytes may be a JPEG of CROP px: its header is looked at before it is unpacked."""
    size = np.array([CROP, CROP], ">u2").tobytes()
    return picture[:2].tobytes() == b"\xff\xd8" and size in picture[:4096].tobytes()


def save(
    crops: list[RealCrop], facts: list[str], out: Path, teachers: Sequence[str] = TEACHERS
) -> None:
    """Write crops, the facts of their sources and their teachers, whole or not at all."""
    coded = [cv2.imencode(".jpg", crop.image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1] for crop in crops]
    with storage.writing(out) as temporary, open(temporary, "wb") as file:
        np.savez(
            file,  # by its name alone, numpy would add .npz to it
            jpeg=np.concatenate([picture.ravel() for picture in coded]),
            ends=np.cumsum([picture.size for picture in coded]),
            joints=np.array([crop.pixels for crop in crops], np.float32),
            sources=np.array(facts),
            teachers=np.array(teachers),
        )
