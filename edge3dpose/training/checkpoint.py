"""Training state <-> one safetensors file: weights, their running average, optimiser, progress."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from edge3dpose import storage
from edge3dpose.errors import BadInput, EngineMismatch
from edge3dpose.training import recipes
from edge3dpose.training.recipes import Recipe


@dataclass
class Progress:
    """How far a training has come; ``seconds`` counts training alone, over all resumes."""

    step: int = 0
    samples: int = 0
    rendered: int = 0  # seeds used so far; a resumed training goes on with new ones
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    machines: list[str] = field(default_factory=list)
    renders: bool = True  # whether renders were learned from
    real: list[str] = field(default_factory=list)  # sources of real crops: file, SHA-256, number
    teachers: list[str] = field(default_factory=list)  # of the real crops: file, SHA-256
    datasets: list[str] = field(default_factory=list)  # under licences of their own
    put_back_at: int = 0  # samples when the published encoder replaced a tuned one


def save(
    path: Path,
    recipe: Recipe,
    progress: Progress,
    net: nn.Module,
    ema: dict[str, Tensor],
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    from safetensors.torch import save_file

    tensors = {f"net.{k}": v.detach().contiguous() for k, v in net.state_dict().items()}
    tensors |= {f"ema.{k}": v.detach().contiguous() for k, v in ema.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optim.{index}.{k}": v.detach().contiguous() for k, v in state.items()}
    metadata = {"recipe": json.dumps(asdict(recipe)), "progress": json.dumps(asdict(progress))}
    with storage.writing(path) as temporary:
        save_file({k: v.clone() for k, v in tensors.items()}, temporary, metadata)


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
    """Read a checkpoint (never a pickle); BadInput or EngineMismatch where it cannot be one."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise BadInput(f"no checkpoint {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        recipe = recipes.from_json(json.loads(metadata["recipe"]))
        progress = Progress(**json.loads(metadata["progress"]))
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise EngineMismatch(f"{path} is not a whole edge3dpose checkpoint: {error}") from None
    return Checkpoint(recipe, progress, tensors)
