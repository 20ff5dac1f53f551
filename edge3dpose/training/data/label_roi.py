"""A labelled picture -> the square about the person that the network is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import focal_px
from edge3dpose.skeletons import length_mm
from edge3dpose.training.data.labelled import Labelled
from edge3dpose.types import ModelSpec

# Thighs, shins, trunk, arms of h36m17
_BONES = ((1, 2), (2, 3), (4, 5), (5, 6), (0, 8), (11, 12), (12, 13), (14, 15), (15, 16))
_FORESHORTENED = 1.008  # on the third longest of them, median over 3,000 renders of captured poses


def square_of(label: Labelled, spec: ModelSpec) -> tuple[float, float, float] | None:
    """Middle and side in pixels of the 2.25 m about the pelvis; None where too little is known.

    Without 3D the side follows from the bones: seen from any side, some are hardly foreshortened.
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
    return float(label.pixels[root, 0]), float(label.pixels[root, 1]), side


def px_per_mm(pixels: NDArray) -> float | None:
    """Scale of a picture from a person's joints (17, 2), NaN where unknown."""
    lengths = [float(np.linalg.norm(pixels[a] - pixels[b])) / length_mm(a, b) for a, b in _BONES]
    known = sorted((length for length in lengths if np.isfinite(length)), reverse=True)
    return known[2] / _FORESHORTENED if len(known) >= 5 else None
