"""MPI-INF-3DHP in its original files: annot.mat of a sequence, annot_data.mat of the test set.

Mehta et al., 3DV 2017. Training: S1/Seq1/annot.mat (28 joints, mm from each of 14 cameras) with
camera.calibration; pictures in S1/Seq1/imageFrames/video_0/frame_000001.jpg. Test set:
TS1/annot_data.mat (17 joints) with TS1/imageSequence/img_000001.jpg.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import input_files
from edge3dpose.errors import BadInput
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.lens_fit import fit_lens
from edge3dpose.training.data.matlab import read_mat
from edge3dpose.types import Camera

JOINTS = 28
# Where the 28 have pelvis, right leg, left leg, spine, neck, head, head top, left arm, right arm
ORDER_28 = (4, 23, 24, 25, 18, 19, 20, 3, 5, 6, 7, 9, 10, 11, 14, 15, 16)
TEST_FOLDERS = ("", "mpi_inf_3dhp_test_set")
FIT_POINTS = 4000  # labels on which a test camera's lens is fitted

_CAMERA = re.compile(r"^name\s+(\d+)\s*$.*?^\s*intrinsic\s+([-\d.eE+ ]+)$", re.M | re.S)


def training(root: Path, subjects: tuple[str, ...]) -> Iterator[LabelledPicture]:
    """Every labelled picture of the sequences of these subjects that are there."""
    for subject in subjects:
        for sequence in sorted((root / f"S{subject}").glob("Seq*")):
            yield from _sequence(sequence, subject)


def test_set(root: Path, order: tuple[int, ...]) -> Iterator[LabelledPicture]:
    """The valid frames of TS1 to TS6; order: where each joint of H36M17 stands in the file."""
    for folder in _test_sequences(root):
        file = folder / "annot_data.mat"
        found = read_mat(file, "arrays-7.3", "annot2", "annot3", "valid_frame")
        pixels, joints, valid = (found[name] for name in ("annot2", "annot3", "valid_frame"))
        if pixels.size != valid.size * 17 * 2 or joints.size != valid.size * 17 * 3:
            raise BadInput(f"{file}: annot2 {pixels.shape}, wanted (frames, 1, 17, 2)")
        pixels = pixels.reshape(-1, 17, 2)[:, order]
        joints = joints.reshape(-1, 17, 3)[:, order]
        frames = np.flatnonzero(valid.ravel() > 0)
        if not (np.isfinite(pixels[frames]).all() and np.isfinite(joints[frames]).all()):
            raise BadInput(f"{file}: a valid frame has joints that are no numbers")
        lens = _lens(joints[frames], pixels[frames])
        for frame in frames:
            picture = folder / "imageSequence" / f"img_{frame + 1:06d}.jpg"
            yield _labelled(picture, pixels[frame], joints[frame], lens, folder.name, int(frame))


def has_test_set(root: Path) -> bool:
    """Whether the official test set lies here."""
    return any(True for _ in _test_sequences(root))


def _test_sequences(root: Path) -> Iterator[Path]:
    for name in TEST_FOLDERS:
        for folder in sorted((root / name).glob("TS*")):
            if (folder / "annot_data.mat").is_file():
                yield folder


def _sequence(folder: Path, subject: str) -> Iterator[LabelledPicture]:
    file = folder / "annot.mat"
    content = read_mat(file, "cells", "annot2", "annot3")
    lenses = _lenses(folder / "camera.calibration")
    for number in range(len(content) // 2):
        if number not in lenses:
            raise BadInput(f"{folder / 'camera.calibration'} has no camera {number}")
        pixels, joints = content.get(f"annot2_{number}"), content.get(f"annot3_{number}")
        if (
            pixels is None
            or joints is None
            or not (pixels.size % (2 * JOINTS) == 0 and pixels.size // 2 == joints.size // 3)
        ):
            raise BadInput(f"{file}: annot2 and annot3 of camera {number} do not fit each other")
        pixels = pixels.reshape(-1, JOINTS, 2)[:, ORDER_28]
        joints = joints.reshape(-1, JOINTS, 3)[:, ORDER_28]
        pictures = folder / "imageFrames" / f"video_{number}"
        for frame in range(len(pixels)):
            picture = pictures / f"frame_{frame + 1:06d}.jpg"
            yield _labelled(picture, pixels[frame], joints[frame], lenses[number], subject, frame)


def _labelled(
    picture: Path, pixels: NDArray, joints: NDArray, lens: Camera, subject: str, frame: int
) -> LabelledPicture:
    known = np.isfinite(pixels).all(axis=1) & (joints[:, 2] > 0)
    return LabelledPicture(picture, pixels, known, joints, lens, subject, frame)


def _lenses(file: Path) -> dict[int, Camera]:
    """camera.calibration -> number of each camera and its pinhole."""
    try:
        found = _CAMERA.findall(input_files.read(file, 1 << 20).decode("utf-8"))
    except ValueError as error:
        raise BadInput(f"{file} cannot be read: {error}") from None
    lenses = {}
    for name, numbers in found:
        try:
            matrix = np.array(numbers.split(), float)
        except ValueError:
            matrix = np.empty(0)
        if matrix.size != 16 or not np.isfinite(matrix).all() or (matrix[[0, 5]] <= 0).any():
            raise BadInput(f"{file}: the intrinsic of camera {name[:9]} is no matrix of 16 numbers")
        fx, fy, cx, cy = matrix[[0, 5, 2, 6]]
        lenses[int(name[:9])] = Camera((float(fx), float(fy)), (float(cx), float(cy)))
    return lenses


def _lens(joints: NDArray, pixels: NDArray) -> Camera:
    points, seen = joints.reshape(-1, 3), pixels.reshape(-1, 2)
    rows = np.linspace(0, len(points) - 1, min(len(points), FIT_POINTS)).astype(int)
    return fit_lens(points[rows], seen[rows])[0]
