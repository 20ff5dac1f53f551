"""MPII in its original file: mpii_human_pose_v1_u12_1.mat beside the folder images/."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge3dpose.errors import BadInput
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.matlab import read_mat

JOINTS = 16


def people(file: Path, order: tuple[int, ...]) -> Iterator[LabelledPicture]:
    """The people of the training pictures; test pictures have no labels.

    order  MPII's joint for each of H36M17, -1 where it has none
    """
    try:
        release = read_mat(file)["RELEASE"][0, 0]
        lists, training = release.annolist.ravel(), release.img_train.ravel()
    except (KeyError, AttributeError, IndexError):
        raise BadInput(f"{file} has no RELEASE with annolist and img_train") from None
    for listed, trained in zip(lists, training, strict=True):
        if not trained:
            continue
        picture = file.parent / "images" / str(listed.image[0, 0].name[0])
        for person in getattr(listed, "annorect", np.empty(0)).ravel():
            points = getattr(person, "annopoints", np.empty(0))
            if points.size:
                yield _labelled(picture, points[0, 0].point.ravel(), order)


def _labelled(picture: Path, points: Any, order: tuple[int, ...]) -> LabelledPicture:
    seen = np.full((JOINTS, 2), np.nan)
    for point in points:
        # MATLAB counts pixels from 1 at their centres; here 0.5 is the first one's centre
        seen[int(point.id.item())] = float(point.x.item()) - 0.5, float(point.y.item()) - 0.5
    there = np.array(order) >= 0
    pixels = seen[list(order)]
    known = there & np.isfinite(pixels[:, 0])
    return LabelledPicture(picture, np.where(known[:, None], pixels, 0), known, None, None, "", 0)
