"""The data loader: what a training is asked to learn from -> its batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge3dpose import plugins
from edge3dpose.engine_types import ModelSpec
from edge3dpose.errors import BadInput
from edge3dpose.training.data import real_crops
from edge3dpose.training.data.batches import Batch, batches, data_loader
from edge3dpose.training.data.cached_features import CachedFeatures
from edge3dpose.training.data.labelled_picture import LabelledPicture
from edge3dpose.training.data.mixture import Mixture
from edge3dpose.training.data.picture_dataset import PictureDataset
from edge3dpose.training.data.real_people import RealPeople
from edge3dpose.training.data.renders import Renders
from edge3dpose.training.data.replay_pool import ReplayPool
from edge3dpose.training.state import Training

LOADED_AT_ONCE = 8  # samples that a worker hands over at a time


@dataclass(frozen=True)
class DataSources:
    """What is learned from; renders or a data set are among it.

    assets    file of baked people, for renders
    real      file of real_crops: crops of real people with 2D labels
    datasets  NAME=PATH of licensed data sets
    """

    assets: Path | None = None
    real: Path | None = None
    datasets: tuple[str, ...] = ()


def open_batches(
    sources: DataSources, training: Training, spec: ModelSpec, workers: int
) -> Iterator[Batch]:
    """Endless batches for a training; its progress gets what the model card has to name."""
    recipe, distributed = training.recipe, training.distributed
    samples = open_samples(sources, training, spec)
    if recipe.freeze_entry and recipe.replay and training.device.type == "cpu":
        entry: Any = training.net.entry
        samples = CachedFeatures(samples, entry.encoder, spec, bf16=recipe.bf16)
    loaded = data_loader(samples, batch=LOADED_AT_ONCE, workers=workers)
    if not recipe.replay:
        return batches(loaded, spec)
    pool = ReplayPool(loaded, spec, recipe.replay, draws=recipe.draws, seed=distributed.rank)
    return pool.batches(recipe.batch, training.progress, processes=distributed.size)


def open_samples(sources: DataSources, training: Training, spec: ModelSpec) -> Any:
    """One data set of all the sources.

    Renders and each licensed data set have equal shares; real crops have the recipe's.
    """
    recipe, progress = training.recipe, training.progress
    distributed, first = training.distributed, progress.rendered
    parts: list[Any] = []
    progress.renders = sources.assets is not None or (progress.renders and progress.step > 0)
    if sources.assets is not None:
        if not sources.assets.is_file():
            raise BadInput(
                f"no baked assets {sources.assets}; make them: "
                "edge3dpose train --prepare --data DIR"
            )
        size = spec.input_size
        parts.append(Renders(sources.assets, "train", size, first, distributed, recipe=recipe))
    for option in sources.datasets:
        name, labels = _labels(option)
        parts.append(PictureDataset(labels, spec, first, distributed, upright=recipe.upright))
        _add(progress.datasets, [f"{name}, {len(labels)} pictures"])
    shares = [1.0] * len(parts)
    if sources.real is not None:
        _add(progress.real, real_crops.sources(sources.real))
        _add(progress.teachers, real_crops.teachers(sources.real))
        shares = [(1 - recipe.real) / len(parts)] * len(parts) + [recipe.real]
        size, upright = spec.input_size, recipe.upright
        parts.append(RealPeople(sources.real, size, first, distributed, upright=upright))
    return parts[0] if len(parts) == 1 else Mixture(parts, shares, first)


def _add(facts: list[str], more: list[str]) -> None:
    facts += [fact for fact in more if fact not in facts]


def _labels(option: str) -> tuple[str, list[LabelledPicture]]:
    name, _, root = option.partition("=")
    if not root:
        raise BadInput(f"--dataset {option}: wanted NAME=PATH, such as h36m=h36m_train.npz")
    labels = list(plugins.load("training.datasets", name).open_dataset(Path(root), "train"))
    if not labels:
        raise BadInput(f"{root} has no labelled pictures of the training split")
    return name, labels
