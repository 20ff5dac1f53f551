"""Polarity: which end of each bone is nearer, a depth label that a person can annotate.

Zhou et al., "HEMlets Pose", arXiv 1910.12032. Labels of a crop are (J, 4): u, v, z and the polarity
of the bone that ends at the joint, NaN where it follows from z.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge3dpose.skeletons import length_mm
from edge3dpose.training.data.labelled_picture import PARTS

PARENTS, CHILDREN = ([part[end] for part in PARTS] for end in (0, 1))
LEVEL = 0.2  # of a part's length; a quarter of the parts of captured poses is level
_LEVEL_MM = [LEVEL * length_mm(*part) for part in PARTS]


def of_depths(z: Tensor, z_range_mm: float) -> Tensor:
    """z (B, J) of the cube, the root's 0.5 -> (B, K): 1 nearer than the parent, 0 level, -1 behind.

    A part is level within LEVEL of its mean length.
    """
    ahead_mm = (z[:, PARENTS] - z[:, CHILDREN]) * z_range_mm
    level_mm = torch.tensor(_LEVEL_MM, device=z.device)
    return torch.where(ahead_mm.abs() <= level_mm, torch.zeros_like(ahead_mm), ahead_mm.sign())


def labels(uvz: NDArray, polarity: NDArray | None = None) -> NDArray[np.float32]:
    """(J, 3) and the polarity of the parts (K,), NaN where unknown -> labels (J, 4)."""
    column = np.full(len(uvz), np.nan, np.float32)
    if polarity is not None:
        column[CHILDREN] = polarity
    return np.column_stack([uvz, column]).astype(np.float32)
