"""A labelled picture of a data set that somebody else has the licence for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from edge3dpose.types import Camera


@dataclass(frozen=True, slots=True)
class Labelled:
    """Joints in the order of skeletons.H36M17; what a data set does not have is not known."""

    image: Path
    pixels: NDArray  # (17, 2) frame pixels
    known: NDArray  # (17,) bool: the data set has this joint, and labels it here
    joints_mm: NDArray | None  # (17, 3) camera axes; None where the label is 2D alone
    camera: Camera | None
    subject: str  # who, as the data set names people: splits go by it
    frame: int  # of the recording, from 0; pictures that stand alone: 0
    bones: NDArray | None = None  # (14,) polarity of training.polarity.PARTS, NaN where unknown
