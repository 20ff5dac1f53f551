"""Training state <-> one safetensors file: weights, their running average, optimiser, progress."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edge3dpose import bounded_json, records
from edge3dpose.errors import BadInput, Edge3DPoseError, EngineMismatch
from edge3dpose.records import Amount, Count
from edge3dpose.training import recipes, sealed_tensors
from edge3dpose.training.recipes import Recipe


@dataclass
class Progress:
    """How far a training has come; ``seconds`` counts training alone, over all resumes."""

    step: Count = 0
    samples: Count = 0
    rendered: Count = 0  # seeds used so far; a resumed training goes on with new ones
    seconds: Amount = 0.0
    cpu_seconds: Amount = 0.0
    machines: list[str] = field(default_factory=list)
    renders: bool = True  # whether renders were learned from
    real: list[str] = field(default_factory=list)  # sources of real crops: file, SHA-256, number
    teachers: list[str] = field(default_factory=list)  # of the real crops: file, SHA-256
    datasets: list[str] = field(default_factory=list)  # under licences of their own
    put_back_at: Count = 0  # samples when the published encoder replaced a tuned one


def save(
    path: Path,
    recipe: Recipe,
    progress: Progress,
    net: nn.Module,
    ema: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    tensors = {f"net.{k}": v.detach().contiguous() for k, v in net.state_dict().items()}
    tensors |= {f"ema.{k}": v.detach().contiguous() for k, v in ema.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optim.{index}.{k}": v.detach().contiguous() for k, v in state.items()}
    metadata = {"recipe": json.dumps(asdict(recipe)), "progress": json.dumps(asdict(progress))}
    sealed_tensors.save(path, tensors, metadata)


def _table(metadata: dict[str, str], name: str) -> dict[str, Any]:
    found = bounded_json.parse(metadata.get(name, "null"), f"its {name}")
    if not isinstance(found, dict):
        raise BadInput(f"it has no {name}")
    return found


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint in memory."""

    recipe: Recipe
    progress: Progress
    tensors: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """State dict of 'net' or 'ema'."""
        prefix = f"{name}."
        return {k[len(prefix) :]: v for k, v in self.tensors.items() if k.startswith(prefix)}

    def restore_optimiser(self, optimiser: torch.optim.Optimizer) -> None:
        """Put the saved moments into an optimiser of the same parameters."""
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in self.part("optim").items():
            index, name = key.split(".", 1)
            state.setdefault(int(index), {})[name] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})


def load(path: Path) -> Checkpoint:
    """Read a checkpoint (never a pickle), verified; BadInput or EngineMismatch for another file."""
    if not path.is_file():
        raise BadInput(f"no checkpoint {path}")
    try:
        tensors, metadata = sealed_tensors.load(path)
        recipe = recipes.from_json(_table(metadata, "recipe"))
        progress = records.from_json(Progress, _table(metadata, "progress"), "its progress")
    except (Edge3DPoseError, TypeError) as error:
        raise EngineMismatch(f"{path} is not a whole edge3dpose checkpoint: {error}") from None
    return Checkpoint(recipe, progress, tensors)
