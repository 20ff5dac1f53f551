"""Renders -> batches, in worker processes, the same ones for the same seeds on any machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from edge3dpose import machine
from edge3dpose.training.data import polarity, root_depth
from edge3dpose.training.distributed import ALONE, DistributedContext
from edge3dpose.training.losses import Targets
from edge3dpose.training.recipes import Recipe
from edge3dpose.training.synthesis.assets import Split
from edge3dpose.training.synthesis.camera import Z_RANGE_MM
from edge3dpose.types import ModelSpec


@dataclass(frozen=True)
class Batch:
    """Pictures as the network takes them, and what it should say of them."""

    images: Tensor  # (B, 3, S, S) float32, normalised; or what the entry's frozen layers made of it
    targets: Targets
    begun: bool = False  # the latter


class Renders(IterableDataset):
    """(images (S, S, 3) BGR uint8, uvz (J, 3), inside (J,)) from seed ``first`` on, without end.

    Each worker of each process of a team renders every n-th of them.
    """

    def __init__(
        self,
        assets: Path,
        split: Split,
        size: int,
        first: int,
        team: DistributedContext = ALONE,
        *,
        recipe: Recipe | None = None,
    ) -> None:
        self.assets, self.split, self.size, self.first = assets, split, size, first
        self.team = team
        self.drawn = {} if recipe is None else _drawn_by(recipe)
        self.weak = 0.0 if recipe is None else recipe.weak
        self.weak_polarity = recipe is None or recipe.weak_polarity

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        from edge3dpose.training.synthesis.dataset import Synthesizer

        worker = get_worker_info()
        offset, every = (worker.id, worker.num_workers) if worker else (0, 1)
        offset, every = self.team.rank * every + offset, self.team.size * every
        if worker:
            machine.lower_priority()  # the training step comes first where cores are few
        people = Synthesizer(self.assets, self.split, self.size, **self.drawn)
        seed = self.first + offset
        while True:
            sample = people.sample(seed)
            uvz = root_depth.told(sample.uvz, sample.scale)
            yield sample.image, self._labels(seed, sample.uvz, uvz), sample.inside
            seed += every

    def _labels(self, seed: int, exact: np.ndarray, uvz: np.ndarray) -> np.ndarray:
        """A share of the people keeps of its depth no more than a person could have said."""
        if not self.weak or np.random.default_rng([seed, 1]).random() >= self.weak:
            return polarity.labels(uvz)
        uvz[:, 2] = np.nan
        signs = polarity.of_depths(torch.from_numpy(exact[None, :, 2]), Z_RANGE_MM)[0].numpy()
        return polarity.labels(uvz, signs if self.weak_polarity else None)


def _drawn_by(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in ("upright", "overhead", "widen", "augment")}


def loader(renders: IterableDataset, *, batch: int, workers: int) -> DataLoader:
    """Endless batches of what a data set yields, made by worker processes."""
    return DataLoader(
        renders,
        batch_size=batch,
        num_workers=workers,
        multiprocessing_context="forkserver" if workers else None,
        prefetch_factor=4 if workers else None,
    )


def batches(renders: Iterable[Sequence[Tensor]], spec: ModelSpec) -> Iterator[Batch]:
    """Renders as they come, each seen once."""
    for images, uvz, inside in renders:
        yield Batch(tensor_from_bgr(images, spec), targets_from(uvz, inside))


def tensor_from_bgr(images: Tensor, spec: ModelSpec) -> Tensor:
    """(B, S, S, 3) BGR uint8 -> (B, 3, S, S) float32 RGB, normalised, channels_last."""
    rgb = images.flip(-1).permute(0, 3, 1, 2).float() / 255.0
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (spec.mean_rgb, spec.std_rgb))
    return ((rgb - mean) / std).contiguous(memory_format=torch.channels_last)


def targets_from(labels: Tensor, inside: Tensor) -> Targets:
    """Coordinates count where they are known (not NaN) and the joint lies in the crop.

    labels  (B, J, 3) u, v, z, or (B, J, 4) with polarities as training.polarity puts them
    """
    uvz, polarity = labels[..., :3], labels[..., 3] if labels.shape[-1] > 3 else None
    valid = inside.unsqueeze(-1).expand_as(uvz) & (uvz > 0) & (uvz < 1)
    placed = ~uvz[..., 0].isnan()
    return Targets(uvz.nan_to_num(0.0).clamp(0, 1), valid, inside.float(), placed, polarity)


def mirrored(uvz: Tensor, inside: Tensor, mirror: Tensor) -> tuple[Tensor, Tensor]:
    """Labels (B, J, 3 or 4), (B, J) of mirrored pictures: left joints become right ones."""
    swapped = uvz[:, mirror].clone()
    swapped[..., 0] = 1 - swapped[..., 0]
    return swapped, inside[:, mirror]
