"""Renders of synthetic people as a data set for torch's DataLoader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from edge3dpose import machine
from edge3dpose.training.data import polarity, root_depth
from edge3dpose.training.distributed import SINGLE, DistributedContext
from edge3dpose.training.recipes import Recipe
from edge3dpose.training.synthesis.assets import Split
from edge3dpose.training.synthesis.camera import Z_RANGE_MM
from edge3dpose.training.synthesis.synthesizer import RenderSettings, Synthesizer


class Renders(IterableDataset):
    """Endless samples: image (S, S, 3) BGR uint8, labels (J, 4), inside (J,), from a seed on.

    Each worker of each process of a distributed training renders every n-th of them. The same
    seeds give the same samples on any machine.
    """

    def __init__(
        self,
        assets: Path,
        split: Split,
        size: int,
        first: int,
        distributed: DistributedContext = SINGLE,
        *,
        recipe: Recipe | None = None,
    ) -> None:
        self.assets, self.split, self.size, self.first = assets, split, size, first
        self.distributed = distributed
        self.settings = RenderSettings() if recipe is None else settings_of(recipe)
        self.weak = 0.0 if recipe is None else recipe.weak
        self.weak_polarity = recipe is None or recipe.weak_polarity

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        worker = get_worker_info()
        offset, every = (worker.id, worker.num_workers) if worker else (0, 1)
        offset, every = self.distributed.rank * every + offset, self.distributed.size * every
        if worker:
            machine.lower_priority()  # the training step comes first where cores are few
        people = Synthesizer(self.assets, self.split, self.size, self.settings)
        seed = self.first + offset
        while True:
            sample = people.sample(seed)
            uvz = root_depth.labelled(sample.uvz, sample.scale)
            yield sample.image, self._labels(seed, sample.uvz, uvz), sample.inside
            seed += every

    def _labels(self, seed: int, exact: np.ndarray, uvz: np.ndarray) -> np.ndarray:
        """Labels (J, 4); a share of the people has weak ones: no depth but the bones' polarity."""
        if not self.weak or np.random.default_rng([seed, 1]).random() >= self.weak:
            return polarity.labels(uvz)
        uvz[:, 2] = np.nan
        signs = polarity.of_depths(torch.from_numpy(exact[None, :, 2]), Z_RANGE_MM)[0].numpy()
        return polarity.labels(uvz, signs if self.weak_polarity else None)


def settings_of(recipe: Recipe) -> RenderSettings:
    """How a recipe wants its people to be drawn."""
    return RenderSettings(
        widen=recipe.widen,
        upright=recipe.upright,
        overhead=recipe.overhead,
        augment=recipe.augment,
    )
