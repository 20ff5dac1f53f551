"""A labelled picture -> the square about the person that the network is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import focal_px
from edge3dpose.training.labelled import Labelled
from edge3dpose.types import ModelSpec, Skeleton

# Bones of an adult, mm, means of the rendered people: thighs, shins, trunk, arms
_BONES_MM = {
    ("right_hip", "right_knee"): 391,
    ("right_knee", "right_ankle"): 425,
    ("left_hip", "left_knee"): 391,
    ("left_knee", "left_ankle"): 425,
    ("pelvis", "thorax"): 558,
    ("left_shoulder", "left_elbow"): 260,
    ("left_elbow", "left_wrist"): 229,
    ("right_shoulder", "right_elbow"): 260,
    ("right_elbow", "right_wrist"): 229,
}
_FORESHORTENED = 1.04  # on the third longest of them, in the renders


def square_of(label: Labelled, spec: ModelSpec) -> tuple[float, float, float] | None:
    """Middle and side in pixels of the 2.25 m about the pelvis; None where too little is known.

    Without 3D the side follows from the bones: seen from any side, some are hardly foreshortened.
    """
    root = spec.skeleton.root
    if label.joints_mm is not None and label.camera is not None:
        side = focal_px(label.camera) * spec.crop_side_mm / float(label.joints_mm[root, 2])
    else:
        ratio = px_per_mm(np.where(label.known[:, None], label.pixels, np.nan), spec.skeleton)
        if ratio is None:
            return None
        side = ratio * spec.crop_side_mm
    if not label.known[root] or side < 16:
        return None
    return float(label.pixels[root, 0]), float(label.pixels[root, 1]), side


def px_per_mm(pixels: NDArray, skeleton: Skeleton) -> float | None:
    """Scale of a picture from a person's joints (J, 2), NaN where unknown."""
    at = skeleton.joints.index
    lengths = [
        float(np.linalg.norm(pixels[at(a)] - pixels[at(b)])) / mm
        for (a, b), mm in _BONES_MM.items()
    ]
    known = sorted((length for length in lengths if np.isfinite(length)), reverse=True)
    return known[2] / _FORESHORTENED if len(known) >= 5 else None
