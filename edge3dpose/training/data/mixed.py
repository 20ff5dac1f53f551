"""Several streams of labelled pictures as one: renders, real people with 2D alone, data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.errors import BadInput
from edge3dpose.training.data import real_labels
from edge3dpose.training.data.jitter import Sample, drawn
from edge3dpose.training.distributed import DistributedContext


class Mixed(IterableDataset):
    """Samples of each part in its share."""

    def __init__(
        self, parts: Sequence[IterableDataset], shares: Sequence[float], first: int
    ) -> None:
        self.parts, self.shares, self.first = parts, np.array(shares) / sum(shares), first

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.first, worker.id if worker else 0])
        streams = [iter(part) for part in self.parts]
        while True:
            yield next(streams[rng.choice(len(streams), p=self.shares)])


class RealPeople(IterableDataset):
    """Crops of a file of real_labels at random, for ever; z and hidden joints are NaN.

    A long clip shows one place over and over: a source counts as the root of its crops.
    """

    def __init__(
        self,
        file: Path,
        size: int,
        first: int,
        team: DistributedContext,
        *,
        upright: float,
    ) -> None:
        self.upright = upright
        self.file, self.size, self.first, self.team = file, size, first, team

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.first, self.team.rank, worker.id if worker else 0])
        crops = real_labels.read(self.file)
        shares = _shares(self.file, len(crops))
        middle, side = real_labels.CROP / 2, real_labels.CROP / real_labels.MARGIN
        while True:
            crop = crops[rng.choice(len(crops), p=shares)]
            nothing = np.full(len(crop.pixels), np.nan)
            square = (middle, middle, side)
            yield drawn(
                rng, crop.image, crop.pixels, nothing, square, self.size, upright=self.upright
            )


def _shares(file: Path, count: int) -> np.ndarray:
    """Share of each crop; BadInput where the sources do not account for them."""
    crops = [int(fact.rsplit(" ", 1)[-1]) for fact in real_labels.sources(file)]
    if sum(crops) != count:
        raise BadInput(f"{file} has {count} crops, its sources have {sum(crops)}; label them anew")
    weights = np.concatenate([np.full(one, 1 / np.sqrt(one)) for one in crops if one])
    return weights / weights.sum()
