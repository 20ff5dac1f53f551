"""MPII in its original file: mpii_human_pose_v1_u12_1.mat beside the folder images/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge3dpose import input_files
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.matlab import read_mat


def people(file: Path, order: tuple[int, ...]) -> Iterator[LabelledPicture]:
    """The people of the training pictures; test pictures have no labels.

    order  MPII's joint for each of H36M17, -1 where it has none
    """
    found = read_mat(file, "mpii")
    for name, seen in zip(found["names"], found["seen"], strict=True):
        picture = input_files.below(file.parent / "images", str(name), f"{file}: ")
        yield _labelled(picture, seen, order)


def _labelled(picture: Path, seen: NDArray, order: tuple[int, ...]) -> LabelledPicture:
    there = np.array(order) >= 0
    # MATLAB counts pixels from 1 at their centres; here 0.5 is the first one's centre
    pixels = seen[list(order)] - 0.5
    known = there & np.isfinite(pixels[:, 0])
    return LabelledPicture(picture, np.where(known[:, None], pixels, 0), known, None, None, "", 0)
