"""Renders with their exact joints, and among them real people of whom only the 2D is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.training import real_labels
from edge3dpose.training.batches import Renders
from edge3dpose.training.synthesis import degrade

DEGRADED = 0.5  # share of the real pictures that are blurred, darkened ... further


class Mixed(IterableDataset):
    """As Renders; a ``share`` of the pictures is real, their z and their hidden joints NaN."""

    def __init__(self, renders: Renders, real: Path, share: float) -> None:
        self.renders, self.real, self.share = renders, real, share
        self.first = renders.first

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        worker = get_worker_info()
        seed = [self.first, self.renders.team.rank, worker.id if worker else 0]
        rng = np.random.default_rng(seed)
        size = self.renders.size
        people = real_labels.draw(real_labels.read(self.real), rng, size)
        for render in self.renders:
            while rng.random() < self.share:
                yield _sample(next(people), rng, size)
            yield render


def _sample(
    crop: real_labels.RealCrop, rng: np.random.Generator, size: int
) -> tuple[NDArray, NDArray, NDArray]:
    image = degrade.degrade(rng, crop.image) if rng.random() < DEGRADED else crop.image
    uvz = np.full((len(crop.pixels), 3), np.nan, np.float32)
    uvz[:, :2] = crop.pixels / size
    with np.errstate(invalid="ignore"):
        inside = np.logical_and(uvz[:, :2] >= 0, uvz[:, :2] < 1).all(axis=1)
    return image, uvz, np.asarray(inside)
