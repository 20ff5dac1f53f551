"""A labelled picture -> a training crop, turned, moved and scaled as the renders' crops are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import lean_rad
from edge3dpose.training.data import polarity, root_depth
from edge3dpose.training.data.warp import warped
from edge3dpose.training.synthesis import degrade
from edge3dpose.training.synthesis.camera import OFF_CENTRE, SCALE_RANGE
from edge3dpose.types import Image

DEGRADED = 0.5  # share of the pictures that are blurred, darkened ... further

Sample = tuple[NDArray, NDArray, NDArray]  # image (S, S, 3), labels (J, 4), inside (J,)


def drawn(
    rng: np.random.Generator,
    image: Image,
    pixels: NDArray,
    depth: NDArray,
    square: tuple[float, float, float],
    size: int,
    *,
    upright: float,
    bones: NDArray | None = None,
) -> Sample:
    """A crop about ``square`` (middle x, y, and the side that spans 2.25 m, pixels of the image).

    pixels (J, 2) and depth (J,), z of the network's cube in that square: NaN where unknown
    upright  share of the crops that are turned until the trunk stands, as the runtime's are
    bones    polarity of the parts (K,), NaN where unknown
    """
    scale = np.exp(rng.uniform(*np.log(SCALE_RANGE)))
    zoom = size / (square[2] * scale)
    angle = np.radians(rng.uniform(-20, 20) if rng.random() < 0.5 else rng.normal(0, 2))
    lean = lean_rad(pixels)
    if rng.random() < upright and np.isfinite(lean):
        angle -= lean
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    to = size * (0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2))
    matrix = np.column_stack([turn, to - turn @ np.array(square[:2])])
    crop = warped(image, matrix, size)
    if rng.random() < DEGRADED:
        crop = degrade.degrade(rng, crop)
    uvz = np.empty((len(pixels), 3), np.float32)
    uvz[:, :2] = (pixels @ matrix[:, :2].T + matrix[:, 2]) / size
    uvz[:, 2] = 0.5 + (depth - 0.5) / scale
    with np.errstate(invalid="ignore"):
        inside = np.logical_and(uvz[:, :2] >= 0, uvz[:, :2] < 1).all(axis=1)
    return crop, polarity.labels(root_depth.told(uvz, float(scale)), bones), np.asarray(inside)
