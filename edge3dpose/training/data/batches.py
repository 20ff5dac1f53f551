"""Samples of a data set -> batches of images and targets, made by worker processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from edge3dpose.engine_types import ModelSpec
from edge3dpose.training.losses import Targets


@dataclass(frozen=True)
class Batch:
    """Images as the network takes them, and what it should predict."""

    images: Tensor  # (B, 3, S, S) float32, normalised; or cached features
    targets: Targets
    cached: bool = False  # images are the output of the frozen first layers of the encoder


def data_loader(samples: IterableDataset, *, batch: int, workers: int) -> DataLoader:
    """Endless batches of the samples of a data set, made by worker processes."""
    methods = multiprocessing.get_all_start_methods()
    method = "forkserver" if "forkserver" in methods else "spawn"  # Windows has spawn alone
    return DataLoader(
        samples,
        batch_size=batch,
        num_workers=workers,
        multiprocessing_context=method if workers else None,
        prefetch_factor=4 if workers else None,
    )


def batches(samples: Iterable[Sequence[Tensor]], spec: ModelSpec) -> Iterator[Batch]:
    """Batches in the order of the data loader; each sample is seen once."""
    for images, labels, inside in samples:
        yield Batch(tensor_from_bgr(images, spec), targets_from(labels, inside))


def tensor_from_bgr(images: Tensor, spec: ModelSpec) -> Tensor:
    """(B, S, S, 3) BGR uint8 -> (B, 3, S, S) float32 RGB, normalised, channels_last."""
    rgb = images.flip(-1).permute(0, 3, 1, 2).float() / 255.0
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (spec.mean_rgb, spec.std_rgb))
    return ((rgb - mean) / std).contiguous(memory_format=torch.channels_last)


def targets_from(labels: Tensor, inside: Tensor) -> Targets:
    """Coordinates count where they are known (not NaN) and the joint lies in the crop.

    labels  (B, J, 3) u, v, z, or (B, J, 4) with the polarities of training.data.polarity
    """
    uvz, polarity = labels[..., :3], labels[..., 3] if labels.shape[-1] > 3 else None
    valid = inside.unsqueeze(-1).expand_as(uvz) & (uvz > 0) & (uvz < 1)
    placed = ~uvz[..., 0].isnan()
    return Targets(uvz.nan_to_num(0.0).clamp(0, 1), valid, inside.float(), placed, polarity)


def mirrored(labels: Tensor, inside: Tensor, mirror: Tensor) -> tuple[Tensor, Tensor]:
    """Labels (B, J, 3 or 4) and inside (B, J) of mirrored images: left joints become right ones."""
    swapped = labels[:, mirror].clone()
    swapped[..., 0] = 1 - swapped[..., 0]
    return swapped, inside[:, mirror]
