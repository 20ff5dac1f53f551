"""A labelled picture of a licensed data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from numpy.typing import NDArray

from edge3dpose.types import Camera

# The 14 parts whose polarity may be labelled, as (parent, child) of h36m17
PARTS = (
    *((0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6)),
    *((0, 8), (8, 14), (14, 15), (15, 16), (8, 11), (11, 12), (12, 13), (8, 10)),
)


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """A person with joints in the order of skeletons.H36M17."""

    image: Path
    pixels: NDArray  # (17, 2) frame pixels
    known: NDArray  # (17,) bool: the data set labels this joint here
    joints_mm: NDArray | None  # (17, 3) camera axes; None: 2D labels alone
    camera: Camera | None
    subject: str  # the person's name in the data set; splits are made by it
    frame: int  # of the recording, from 0; 0 for a single picture
    bones: NDArray | None = None  # (14,) polarity of PARTS, NaN if unknown
