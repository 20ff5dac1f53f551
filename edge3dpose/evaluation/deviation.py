"""How far an engine is from FP32 on real people: outputs -> millimetres."""

from __future__ import annotations

import math

import numpy as np

from edge3dpose.types import Array, ModelSpec


def deviation_mm(found: Array, wanted: Array, spec: ModelSpec) -> float:
    """Root mean square distance of the joints, pelvis aligned, as the training crop measures.

    found, wanted  (N, J, C) = u, v, z, score, more
    """
    mm = (found - wanted)[..., :3] * [spec.crop_side_mm, spec.crop_side_mm, spec.z_range_mm]
    root = spec.skeleton.root
    mm[:, root, 2] = 0.0  # there, z says how far the person is, not where the joint is
    mm -= mm[:, root : root + 1]
    return float(np.sqrt((mm**2).sum(axis=-1).mean()))


def error_of(fp32_mm: float, apart_mm: float) -> float:
    """What an engine's error is taken for: FP32's, and its distance from FP32, in squares.

    In squares, for rounding knows nothing of where the network errs. What it really comes to is
    measured by `evaluate --backend B --precision P`.
    """
    return math.hypot(fp32_mm, apart_mm)
