"""A coarse test for limbs that pass through one another, on the 17 joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Two bones by their end joints (skeletons.H36M17), and how near their middle lines may come.
_PAIRS = (
    [(a, b, 0, 8, 0.11) for a, b in ((12, 13), (15, 16))]  # forearms, trunk
    + [(a, b, 9, 10, 0.10) for a, b in ((12, 13), (15, 16))]  # forearms, head
    + [(12, 13, 15, 16, 0.06)]  # forearms
    + [(a, b, c, d, 0.09) for a, b in ((12, 13), (15, 16)) for c, d in ((1, 2), (4, 5))]
    + [(2, 3, 5, 6, 0.09), (1, 2, 5, 6, 0.10), (4, 5, 2, 3, 0.10)]  # shins, thigh and shin
)
_A, _B, _C, _D = (np.array(column) for column in list(zip(*_PAIRS, strict=True))[:4])
_NEAR_M = np.array([pair[4] for pair in _PAIRS])
_STEPS = np.linspace(0, 1, 9)[:, None, None]


def limbs_cross(joints_m: NDArray) -> bool:
    """Whether a forearm crosses trunk, head, a thigh or the other forearm, or the legs cross.

    joints_m (17, 3). The first bone of each pair is sampled at nine places.
    """
    start, along = joints_m[_C], joints_m[_D] - joints_m[_C]
    points = joints_m[_A] + _STEPS * (joints_m[_B] - joints_m[_A])
    foot = np.sum((points - start) * along, -1) / np.sum(along * along, -1)
    gap = points - start - np.clip(foot, 0, 1)[..., None] * along
    return bool((np.linalg.norm(gap, axis=-1).min(0) < _NEAR_M).any())
