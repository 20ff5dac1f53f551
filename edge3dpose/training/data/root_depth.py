"""What the root joint's z is trained to say: how far the person is, beside what the square implies.

Luvizon et al., arXiv 2009.01998, section 4.3.1 (its influence: 4.4), learn the root's depth apart,
from the place of the box and the entry flow. Here every head says it where it said a constant
before: the root's z of the cube is 0.5 + ln(Z_root / Z_square), Z_square = f * crop_side / side_px
being the depth at which the square would span what a training crop spans. It takes no focal length
and costs no layer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import H36M17


def told(uvz: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Labels (J, 3) of a crop whose side is ``scale`` times that of a training crop."""
    labels = uvz.copy()
    labels[H36M17.root, 2] += np.float32(np.log(scale))  # NaN stays unknown
    return labels
