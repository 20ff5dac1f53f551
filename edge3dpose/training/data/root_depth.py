"""The label of the root joint's z: how far away the person is, relative to what the ROI implies.

Luvizon et al., arXiv 2009.01998, section 4.3.1 (its influence: 4.4), learn the root's depth in a
branch of its own, from the place of the box and the entry flow. Here every head predicts it in the
root's z, which would be a constant otherwise: 0.5 + ln(Z_root / Z_roi). Z_roi = f * crop_side /
side_px is the depth at which the ROI would span what a training crop spans. This needs no focal
length and no layer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import H36M17


def labelled(uvz: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Labels (J, 3) of a crop whose side is ``scale`` times that of a training crop."""
    labels = uvz.copy()
    labels[H36M17.root, 2] += np.float32(np.log(scale))  # NaN stays unknown
    return labels
