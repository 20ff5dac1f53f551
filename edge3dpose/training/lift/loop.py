"""Trains the lift: recorded sequences and motion with their noise, by the clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime import lift_network
from edge3dpose.runtime.lift_features import features, turned
from edge3dpose.training import onnx_weights, sealed_tensors
from edge3dpose.training.lift import losses, observed
from edge3dpose.training.lift.net import LiftNet
from edge3dpose.training.lift.observed import ErrorBank, Sequences


@dataclass(frozen=True)
class LiftRecipe:
    """How the lift is trained.

    recorded, motion  sequences of a batch: rendered ones with a network's outputs, and motion
    long              share of the batches whose recorded sequences run there and back
    noise             of the motion: recorded, shuffled (not correlated in time) or none
    noise_scale       of a sequence of motion, between these two
    """

    recorded: int = 40
    motion: int = 40
    long: float = 0.4
    noise: str = "recorded"
    noise_scale: Sequence[float] = observed.SCALE
    peak_lr: float = 1.5e-3
    warm_up: int = 100
    average: float = 0.998  # of the weights that are kept, a step
    weight_decay: float = 1e-2
    gate_steps: int = 150
    gate_lr: float = 2e-2
    seed: int = 0
    weights: losses.Weights = field(default_factory=losses.Weights)


@dataclass(frozen=True)
class LiftData:
    """What the lift learns from."""

    recorded: Sequences
    motion: NDArray[np.float32]  # (count, frames, 17, 3) from the camera, 30 frames a second
    bank: ErrorBank


def train(
    data: LiftData,
    recipe: LiftRecipe,
    seconds: float,
    tell: Callable[[str], None],
    start_from: Path | None = None,
) -> LiftNet:
    """A network trained for so long, from the weights of a file or anew; its averaged weights."""
    rng = np.random.default_rng(recipe.seed)
    torch.manual_seed(recipe.seed)
    net, kept = LiftNet(), LiftNet()
    if start_from is None:
        net.fit_scale(torch.cat([part[0].flatten(0, 1) for part in _batch(data, recipe, rng)]))
    else:
        net.load_state_dict(load(start_from).state_dict())
    kept.load_state_dict(net.state_dict())
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decay, "weight_decay": recipe.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.peak_lr, betas=(0.9, 0.98))
    begun, step, told = monotonic(), 0, monotonic()
    seen: list[dict[str, float]] = []
    while (share := (monotonic() - begun) / seconds) < 1:
        rate = recipe.peak_lr * min(1, (step + 1) / recipe.warm_up)
        for group in optimiser.param_groups:
            group["lr"] = rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        optimiser.zero_grad()
        for inputs, target in _batch(data, recipe, rng):
            total, parts = losses.loss(net(inputs), target, recipe.weights)
            total.backward()
            seen.append(parts)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        _average(kept, net, min(recipe.average, (step + 1) / (step + 10)))
        step += 1
        if monotonic() - told > 30:
            means = {name: np.mean([one[name] for one in seen]) for name in seen[0]}
            words = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
            tell(f"{share:6.1%}  step {step}  {words}")
            seen, told = [], monotonic()
    return kept.eval()


def fit_gate(net: LiftNet, unseen: Sequences, recipe: LiftRecipe) -> None:
    """Fit how far the network's depths are trusted, and the deviations, with all else held.

    unseen  recorded sequences that ``train`` has not learned from: of those that it has, the lift
            knows the depths by heart, and would trust itself too far
    """
    rng = np.random.default_rng(recipe.seed + 1)
    net.requires_grad_(False)
    fitted = [net.trust, net.trust_by, *net.unsure.parameters()]
    for part in fitted:
        part.requires_grad_(True)
    optimiser = torch.optim.Adam(fitted, lr=recipe.gate_lr)
    for step in range(recipe.gate_steps):
        optimiser.param_groups[0]["lr"] = recipe.gate_lr * (1 - step / recipe.gate_steps)
        optimiser.zero_grad()
        some = unseen.of(rng.integers(len(unseen), size=recipe.recorded + recipe.motion))
        inputs, target = prepared(observed.augmented(some, rng))
        total, _ = losses.loss(net(inputs), target, recipe.weights)
        total.backward()
        optimiser.step()
    net.requires_grad_(True)


def _batch(
    data: LiftData, recipe: LiftRecipe, rng: np.random.Generator
) -> list[tuple[Tensor, losses.Target]]:
    """Inputs and targets of the recorded part and of the motion part."""
    parts = []
    if recipe.recorded:
        some = data.recorded.of(rng.integers(len(data.recorded), size=recipe.recorded))
        if rng.random() < recipe.long:
            some = observed.there_and_back(some)
        parts.append(observed.augmented(some, rng, blind=1.0))
    if recipe.motion:
        rows = np.sort(rng.integers(len(data.motion), size=recipe.motion))
        step, frames = int(rng.integers(1, 3)), data.bank.flat_mm.shape[1]
        first = int(rng.integers(data.motion.shape[1] - (frames - 1) * step))
        piece = slice(first, first + frames * step, step)
        truth = np.asarray(data.motion[rows, piece])
        seen = observed.with_errors(truth, data.bank, rng, recipe.noise_scale)
        fps = np.full(len(truth), 30.0 / step, np.float32)
        parts.append(observed.augmented(Sequences(seen, truth, fps), rng))
    return [prepared(part) for part in parts]


def prepared(sequences: Sequences) -> tuple[Tensor, losses.Target]:
    """What the network is given of sequences, and what it should answer."""
    at = turned(sequences.seen)
    inputs = torch.from_numpy(features(sequences.seen, at))
    truth = torch.from_numpy(np.asarray(sequences.truth_mm, np.float32))
    return inputs, losses.target_of(at, truth, torch.from_numpy(sequences.seen.step_s))


def _average(kept: LiftNet, net: LiftNet, share: float) -> None:
    with torch.no_grad():
        for old, new in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
            old.lerp_(new, 1 - share)


def load(file: Path) -> LiftNet:
    """A network from a file that ``save`` wrote, or from an exported temporal-lift.onnx.

    The export folds some numbers of the gate into its graph: fit the gate again after it.
    """
    exported = file.suffix == ".onnx"
    state = _exported(file) if exported else sealed_tensors.load(file)[0]
    try:
        net = LiftNet(state["enter.0.weight"].shape[0])
        net.load_state_dict(state, strict=not exported)
    except (KeyError, IndexError, RuntimeError) as error:
        raise EngineMismatch(
            f"{file} is no network of the lift: {' '.join(str(error).split())[:200]}"
        ) from None
    return net.eval()


def _exported(file: Path) -> dict[str, Tensor]:
    graph = onnx_weights.graph_of(lift_network.verified(file), file)
    return {
        name.removeprefix("net."): torch.from_numpy(value)
        for name, value in onnx_weights.arrays_of(graph, file).items()
        if name.startswith("net.")
    }


def save(net: LiftNet, file: Path) -> None:
    """Write the network's weights."""
    sealed_tensors.save(file, net.state_dict(), {})
