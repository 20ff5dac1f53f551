"""What edge3dpose train was told to learn from -> one stream of labelled pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.types import ModelSpec


def stream(
    spec: ModelSpec,
    assets: Path | None,
    real: Path | None,
    datasets: tuple[str, ...],
    recipe: Any,
    progress: Any,
    team: Any,
) -> Any:
    """The stream; ``progress`` is told what the model's card has to name.

    Renders and each data set come in equal shares; real crops with agreed 2D take theirs of it all.
    """
    from edge3dpose.training.data import batches, mixed, pictures, real_labels

    first = progress.rendered
    parts: list[Any] = []
    progress.renders = assets is not None or (progress.renders and progress.step > 0)
    if assets is not None:
        if not assets.is_file():
            raise BadInput(
                f"no baked assets {assets}; make them: edge3dpose train --prepare --data DIR"
            )
        parts.append(batches.Renders(assets, "train", spec.input_size, first, team, recipe=recipe))
    for said in datasets:
        name, labels = _labels(said)
        parts.append(pictures.Pictures(labels, spec, first, team, upright=recipe.upright))
        _name(progress.datasets, [f"{name}, {len(labels)} pictures"])
    shares = [1.0] * len(parts)
    if real is not None:
        _name(progress.real, real_labels.sources(real))
        shares = [(1 - recipe.real) / len(parts)] * len(parts) + [recipe.real]
        parts.append(mixed.RealPeople(real, spec.input_size, first, team, upright=recipe.upright))
    return parts[0] if len(parts) == 1 else mixed.Mixed(parts, shares, first)


def _name(named: list[str], facts: list[str]) -> None:
    named += [fact for fact in facts if fact not in named]


def _labels(said: str) -> tuple[str, list[Any]]:
    name, _, root = said.partition("=")
    if not root:
        raise BadInput(f"--dataset {said}: wanted NAME=PATH, such as h36m=h36m_train.npz")
    labels = list(plugins.load("training.datasets", name).open_dataset(Path(root), "train"))
    if not labels:
        raise BadInput(f"{root} has no labelled pictures of the training split")
    return name, labels
