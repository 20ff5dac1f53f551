"""Several data sets as one: renders, real people with 2D labels alone, licensed data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose.training.data.jitter import Sample


class Mixture(IterableDataset):
    """Samples of each part at random, in its share of them all."""

    def __init__(
        self, parts: Sequence[IterableDataset], shares: Sequence[float], first: int
    ) -> None:
        self.parts, self.shares, self.first = parts, np.array(shares) / sum(shares), first

    def __iter__(self) -> Iterator[Sample]:
        worker = get_worker_info()
        rng = np.random.default_rng([self.first, worker.id if worker else 0])
        iterators = [iter(part) for part in self.parts]
        while True:
            yield next(iterators[rng.choice(len(iterators), p=self.shares)])
