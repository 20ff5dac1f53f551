"""A labelled picture -> the ROI: the square about the person that the network sees."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import focal_px
from edge3dpose.engine_types import ModelSpec
from edge3dpose.skeletons import length_mm
from edge3dpose.training.data.labelled_picture import LabelledPicture

# Thighs, shins, trunk, arms of h36m17
_BONES = ((1, 2), (2, 3), (4, 5), (5, 6), (0, 8), (11, 12), (12, 13), (14, 15), (15, 16))
_FORESHORTENED = 1.008  # on the third longest of them, median over 3,000 renders of captured poses


class Roi(NamedTuple):
    """The square about a person's pelvis that spans 2.25 m at the person's depth, in pixels."""

    x: float  # of its middle
    y: float
    side: float


def roi_of(label: LabelledPicture, spec: ModelSpec) -> Roi | None:
    """The ROI of a labelled person; None where too few joints are known.

    Without 3D its side follows from the bones: in any view some are hardly foreshortened.
    """
    root = spec.skeleton.root
    if label.joints_mm is not None and label.camera is not None:
        side = focal_px(label.camera) * spec.crop_side_mm / float(label.joints_mm[root, 2])
    else:
        ratio = px_per_mm(np.where(label.known[:, None], label.pixels, np.nan))
        if ratio is None:
            return None
        side = ratio * spec.crop_side_mm
    if not label.known[root] or side < 16:
        return None
    return Roi(float(label.pixels[root, 0]), float(label.pixels[root, 1]), side)


def px_per_mm(pixels: NDArray) -> float | None:
    """Scale of a picture from a person's joints (17, 2), NaN where unknown."""
    lengths = [float(np.linalg.norm(pixels[a] - pixels[b])) / length_mm(a, b) for a, b in _BONES]
    known = sorted((length for length in lengths if np.isfinite(length)), reverse=True)
    return known[2] / _FORESHORTENED if len(known) >= 5 else None
