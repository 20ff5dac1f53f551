"""The state of a training, started fresh or from a checkpoint."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from edge3dpose.training import checkpoint
from edge3dpose.training.checkpoint import Progress
from edge3dpose.training.distributed import SINGLE, DistributedContext
from edge3dpose.training.feature_distillation import FeatureDistillation
from edge3dpose.training.nets import PoseNet
from edge3dpose.training.recipes import Recipe


@dataclass
class Training:
    """Everything that a training step changes."""

    recipe: Recipe
    net: PoseNet
    ema: dict[str, Tensor]  # the averaged weights
    optimiser: torch.optim.Optimizer
    progress: Progress
    device: torch.device
    distributed: DistributedContext
    distillation: FeatureDistillation | None = None  # where the recipe gives it a weight
    forward: tuple[bool, nn.Module] | None = None  # whether the encoder is tuned; forward pass


def start(
    recipe: Recipe, net: PoseNet, device: torch.device, distributed: DistributedContext = SINGLE
) -> Training:
    """A fresh training of a network."""
    # torch's own annotations of Module.to leave memory_format out
    net = net.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    ema = copy.deepcopy(net.state_dict())
    return Training(recipe, net, ema, _optimiser(net, recipe), Progress(), device, distributed)


def resume(
    saved: checkpoint.Checkpoint,
    net: PoseNet,
    device: torch.device,
    distributed: DistributedContext = SINGLE,
) -> Training:
    """Go on from a checkpoint."""
    training = start(saved.recipe, net, device, distributed)
    training.net.load_state_dict(saved.part("net"))
    training.ema = {k: v.to(device) for k, v in saved.part("ema").items()}
    saved.restore_optimiser(training.optimiser)
    training.progress = saved.progress
    return training


def reset_averages(training: Training) -> None:
    """Start averaged weights and optimiser moments from the weights as they are now.

    For a training whose encoder was just replaced by the published one.
    """
    training.progress.put_back_at = training.progress.samples
    training.ema = copy.deepcopy(training.net.state_dict())
    training.optimiser.state.clear()


def _optimiser(net: PoseNet, recipe: Recipe) -> torch.optim.Optimizer:
    entry: Any = net.entry
    frozen = {id(p) for p in entry.encoder.parameters()} if recipe.freeze_entry else set()
    trained = [p for p in net.parameters() if id(p) not in frozen]
    decayed = [p for p in trained if p.ndim > 1]
    not_decayed = [p for p in trained if p.ndim <= 1]  # biases and batch norms
    groups = [
        {"params": decayed, "weight_decay": recipe.weight_decay, "lr_share": 1.0},
        {"params": not_decayed, "weight_decay": 0.0, "lr_share": 1.0},
    ]
    if recipe.freeze_entry:
        tuned = entry.encoder.tunable()
        groups += [{"params": tuned, "weight_decay": 0.0, "lr_share": recipe.tune_entry_lr}]
    return torch.optim.AdamW(groups, lr=recipe.peak_lr, fused=True)
