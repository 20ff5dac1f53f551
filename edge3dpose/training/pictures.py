"""Pictures of a data set that somebody has the licence for, as a stream of training crops."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.camera import focal_px
from edge3dpose.errors import BadInput
from edge3dpose.training.jitter import Sample, drawn
from edge3dpose.training.labelled import Labelled
from edge3dpose.training.team import Team
from edge3dpose.types import ModelSpec, Skeleton

# Bones of an adult, mm, means of the rendered people: thighs, shins, trunk, arms
_BONES_MM = {
    ("right_hip", "right_knee"): 391,
    ("right_knee", "right_ankle"): 425,
    ("left_hip", "left_knee"): 391,
    ("left_knee", "left_ankle"): 425,
    ("pelvis", "thorax"): 558,
    ("left_shoulder", "left_elbow"): 260,
    ("left_elbow", "left_wrist"): 229,
    ("right_shoulder", "right_elbow"): 260,
    ("right_elbow", "right_wrist"): 229,
}
_FORESHORTENED = 1.04  # on the third longest of them, in the renders


class Pictures(IterableDataset):
    """(image (S, S, 3), uvz (J, 3), inside (J,)) without end, in random order; unknown is NaN."""

    def __init__(
        self, labels: list[Labelled], spec: ModelSpec, first: int, team: Team, *, upright: float
    ) -> None:
        self.upright = upright
        self.labels = [one for one in labels if one.image.is_file()]
        if not self.labels:
            where = labels[0].image if labels else "an empty list"
            raise BadInput(f"none of {len(labels)} labelled pictures is there; first: {where}")
        self.spec, self.first, self.team = spec, first, team

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.first, self.team.rank, worker.id if worker else 0])
        while True:
            sample = self._sample(self.labels[rng.integers(len(self.labels))], rng)
            if sample is not None:
                yield sample

    def _sample(self, label: Labelled, rng: np.random.Generator) -> Sample | None:
        image = cv2.imread(str(label.image))
        square = square_of(label, self.spec)
        if image is None or square is None:
            return None
        pixels = np.where(label.known[:, None], label.pixels, np.nan)
        depth = np.full(len(pixels), np.nan)
        if label.joints_mm is not None:
            root_mm = label.joints_mm[self.spec.skeleton.root, 2]
            depth = 0.5 + (label.joints_mm[:, 2] - root_mm) / self.spec.z_range_mm
            depth[~label.known] = np.nan
        picture = np.asarray(image, np.uint8)
        told, size = (pixels, depth, square), self.spec.input_size
        return drawn(rng, picture, *told, size, upright=self.upright, bones=label.bones)


def square_of(label: Labelled, spec: ModelSpec) -> tuple[float, float, float] | None:
    """Middle and side in pixels of the 2.25 m about the pelvis; None where too little is known.

    Without 3D the side follows from the bones: seen from any side, some are hardly foreshortened.
    """
    root = spec.skeleton.root
    if label.joints_mm is not None and label.camera is not None:
        side = focal_px(label.camera) * spec.crop_side_mm / float(label.joints_mm[root, 2])
    else:
        ratio = px_per_mm(np.where(label.known[:, None], label.pixels, np.nan), spec.skeleton)
        if ratio is None:
            return None
        side = ratio * spec.crop_side_mm
    if not label.known[root] or side < 16:
        return None
    return float(label.pixels[root, 0]), float(label.pixels[root, 1]), side


def px_per_mm(pixels: NDArray, skeleton: Skeleton) -> float | None:
    """Scale of a picture from a person's joints (J, 2), NaN where unknown."""
    at = skeleton.joints.index
    lengths = [
        float(np.linalg.norm(pixels[at(a)] - pixels[at(b)])) / mm
        for (a, b), mm in _BONES_MM.items()
    ]
    known = sorted((length for length in lengths if np.isfinite(length)), reverse=True)
    return known[2] / _FORESHORTENED if len(known) >= 5 else None
