"""An annotated picture -> a training crop, turned, moved and scaled as the renders' crops are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import lean_rad
from edge3dpose.training.data import polarity, root_depth
from edge3dpose.training.data.label_roi import Roi
from edge3dpose.training.data.warp import warped
from edge3dpose.training.synthesis import degrade
from edge3dpose.training.synthesis.camera import OFF_CENTRE, SCALE_RANGE
from edge3dpose.types import Image

DEGRADED = 0.5  # share of the pictures that are blurred, darkened ... further

Sample = tuple[NDArray, NDArray, NDArray]  # image (S, S, 3), labels (J, 4), inside (J,)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A person in a picture; NaN where a label is unknown."""

    image: Image
    pixels: NDArray  # (J, 2)
    depth: NDArray  # (J,) z of the network's cube in the ROI
    roi: Roi
    bones: NDArray | None = None  # (K,) polarity of training.data.polarity.PARTS


def jittered_crop(
    rng: np.random.Generator, person: Annotation, size: int, *, upright: float
) -> Sample:
    """A crop about the person's ROI.

    upright  share of the crops that are turned until the trunk is upright, as at run time
    """
    scale = np.exp(rng.uniform(*np.log(SCALE_RANGE)))
    zoom = size / (person.roi.side * scale)
    angle = np.radians(rng.uniform(-20, 20) if rng.random() < 0.5 else rng.normal(0, 2))
    lean = lean_rad(person.pixels)
    if rng.random() < upright and np.isfinite(lean):
        angle -= lean
    turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    to = size * (0.5 + rng.uniform(-OFF_CENTRE, OFF_CENTRE, 2))
    matrix = np.column_stack([turn, to - turn @ np.array(person.roi[:2])])
    crop = warped(person.image, matrix, size)
    if rng.random() < DEGRADED:
        crop = degrade.degrade(rng, crop)
    uvz = np.empty((len(person.pixels), 3), np.float32)
    uvz[:, :2] = (person.pixels @ matrix[:, :2].T + matrix[:, 2]) / size
    uvz[:, 2] = 0.5 + (person.depth - 0.5) / scale
    with np.errstate(invalid="ignore"):
        inside = np.logical_and(uvz[:, :2] >= 0, uvz[:, :2] < 1).all(axis=1)
    labels = polarity.labels(root_depth.labelled(uvz, float(scale)), person.bones)
    return crop, labels, np.asarray(inside)
