"""Crops of real people with 2D labels as a data set for torch's DataLoader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.errors import BadInput
from edge3dpose.training.data import real_crops
from edge3dpose.training.data.jitter import Annotation, Sample, jittered_crop
from edge3dpose.training.data.label_roi import Roi
from edge3dpose.training.distributed import DistributedContext


class RealPeople(IterableDataset):
    """Endless random crops of a file of real_crops; z and hidden joints are NaN.

    The frames of a long clip are alike: a source counts as the square root of its crops.
    """

    def __init__(
        self,
        file: Path,
        size: int,
        first: int,
        distributed: DistributedContext,
        *,
        upright: float,
    ) -> None:
        self.upright = upright
        self.file, self.size, self.first, self.distributed = file, size, first, distributed

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        seed = [self.first, self.distributed.rank, worker.id if worker else 0]
        rng = np.random.default_rng(seed)
        crops = real_crops.read(self.file)
        shares = _shares(self.file, len(crops))
        middle, side = real_crops.CROP / 2, real_crops.CROP / real_crops.MARGIN
        while True:
            crop = crops[rng.choice(len(crops), p=shares)]
            unknown = np.full(len(crop.pixels), np.nan)
            person = Annotation(crop.image, crop.pixels, unknown, Roi(middle, middle, side))
            yield jittered_crop(rng, person, self.size, upright=self.upright)


def _shares(file: Path, count: int) -> np.ndarray:
    """Share of each crop; BadInput where the sources have another number of crops in all."""
    crops = [int(fact.rsplit(" ", 1)[-1]) for fact in real_crops.sources(file)]
    if sum(crops) != count:
        raise BadInput(f"{file} has {count} crops, its sources have {sum(crops)}; label them anew")
    weights = np.concatenate([np.full(one, 1 / np.sqrt(one)) for one in crops if one])
    return weights / weights.sum()
