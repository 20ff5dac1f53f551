"""Feet that stand do not slide: the path of a person on a floor by the feet, not by the distance.

One camera sees how a person moves far better than where the person is. So over seconds the place
is the estimated one, and from frame to frame the body moves as the foot that stands says. In the
air (both feet above the floor) it moves as was estimated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.kinematics.cleaning import runs
from edge3dpose.skeletons import H36M17

WINDOW_S = 5.0  # of the mean over which the place is the estimated one
SPEED_S = 0.5  # over which the estimated place says how fast the body moves, to tell the feet apart
SOFT_MM = 40.0  # a foot that is so much lower is the one that stands ...
SOFT_MM_S = 150.0  # ... and so is one that is so much slower
AIR_MM = (
    150.0,
    260.0,
)  # of the lower ankle above where it stands: from there on in the air, wholly

_ANKLES = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]

Floats = NDArray[np.float64]


def planted(level: NDArray, ankle_mm: float, rate_hz: float) -> Floats:
    """Joints (F, 17, 3) with y down and 0 at the floor -> moved in x and z.

    ankle_mm  how high the ankle of a foot that stands is
    """
    out = np.array(level, float)
    for start, end in runs(np.isfinite(out[:, :, 0]).all(-1)):
        part = out[start:end]
        wanted = _path(part, ankle_mm, rate_hz)
        off = wanted - part[:, H36M17.root, ::2]
        part[:, :, ::2] += (off - _mean(off, round(WINDOW_S * rate_hz)))[:, None]
    return out


def _path(joints: Floats, ankle_mm: float, rate_hz: float) -> Floats:
    """(F, 2) x and z of the root by the feet that stand: the low ones that move least."""
    root = joints[:, H36M17.root, ::2]
    if len(root) < 2:
        return np.array(root)
    height = -joints[:, _ANKLES, 1]
    feet = np.diff(joints[:, _ANKLES][..., ::2] - root[:, None], axis=0)
    about = _mean(np.diff(root, axis=0), round(SPEED_S * rate_hz))
    speed = rate_hz * np.linalg.norm(feet + about[:, None], axis=-1)
    low = (height[1:] + height[:-1]) / 2
    cost = (low - low.min(-1, keepdims=True)) / SOFT_MM + speed / SOFT_MM_S
    weight = np.exp(cost.min(-1, keepdims=True) - cost)
    weight /= weight.sum(-1, keepdims=True)
    by_feet = -(weight[..., None] * feet).sum(1)
    least, most = AIR_MM
    above = (height.min(-1) - ankle_mm - least) / (most - least)
    air = np.clip(np.maximum(above[1:], above[:-1]), 0, 1)[:, None]
    steps = (1 - air) * by_feet + air * np.diff(root, axis=0)
    return root[0] + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])


def _mean(values: Floats, width: int) -> Floats:
    """(F, C) with neighbours, by a Hann window; shorter at the ends and in short recordings."""
    half = max(min(width, 2 * len(values)) // 2, 1)
    window = np.hanning(2 * half + 3)[1:-1]
    share = np.convolve(np.ones(len(values)), window)[half : half + len(values)]
    columns = [np.convolve(column, window)[half : half + len(values)] for column in values.T]
    return np.stack(columns, -1) / share[:, None]
