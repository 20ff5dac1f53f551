"""The training loop: recipe and batches -> checkpoints and a log (CSV); it can be resumed."""

from __future__ import annotations

import copy
import logging
import math
import platform
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from edge3dpose.training import checkpoint, held_out, rows_of_csv
from edge3dpose.training.checkpoint import Progress
from edge3dpose.training.data.batches import Batch
from edge3dpose.training.distributed import forward_pass
from edge3dpose.training.held_out import HeldOutEvaluator
from edge3dpose.training.nets import PoseNet
from edge3dpose.training.recipes import Recipe
from edge3dpose.training.state import Training

LOG = logging.getLogger(__name__)
SAVE_EVERY_S = 600.0
LOG_EVERY_S = 30.0


def run(
    training: Training,
    source: Iterator[Batch],
    folder: Path,
    *,
    hours: float | None = None,
    evaluator: HeldOutEvaluator | None = None,
) -> None:
    """Train until the recipe's samples, or ``hours`` of training in all, are used up.

    Writes checkpoint.safetensors and log.csv into ``folder``, and the error of the averaged
    weights on held-out people; Ctrl-C or SIGTERM saves and stops. Every process of a distributed
    training runs this; the first one's clock and signals count.
    """
    distributed = training.distributed
    _note_machine(training)
    stop = _StopRequest()
    clock = _Clock(training.progress)
    saved = logged = time.monotonic()
    recent: list[Tensor] = []
    while True:
        share = _share_done(training.progress, training.recipe, hours)
        asked, share = distributed.from_main(stop.requested, share)
        if asked or share >= 1.0:
            break
        recent.append(step(training, next(source), share))
        recent = [r for r in recent if len(r) == len(recent[-1])]  # the depth may have grown
        now = clock.count()
        if distributed.is_main and now - logged > LOG_EVERY_S:
            _log(folder, training, torch.stack(recent).mean(0), share)
            recent, logged = [], now
        if distributed.is_main and now - saved > SAVE_EVERY_S:
            _save(folder, training, evaluator)
            saved = now
    if distributed.is_main:
        _save(folder, training, evaluator)


def step(training: Training, batch: Batch, share: float) -> Tensor:
    """One step of the optimiser; gives the losses of every trained head (cuts,).

    share  of the training that is done, 0..1
    """
    recipe, net = training.recipe, training.net.train()
    _freeze(net, recipe, share)
    for group in training.optimiser.param_groups:
        group["lr"] = learning_rate(recipe, share) * group["lr_share"]
    targets = batch.targets.to(training.device)
    depth = min(heads_trained(recipe, share, training.progress.step) or net.cuts, net.cuts)
    images = batch.images.to(training.device)
    if not recipe.bf16:  # cached features are stored in bfloat16
        images = images.float()
    with torch.autocast(training.device.type, torch.bfloat16, enabled=recipe.bf16):
        raw = _forward(training, share)(images, batch.cached, depth)
    total, per_head = net.objective(raw, targets, recipe, share)
    if training.distillation is not None:
        weight = recipe.feature_distillation * (1 - share)
        total = total + weight * training.distillation.loss(images)
    training.optimiser.zero_grad(set_to_none=True)
    total.backward()
    trained = [p for group in training.optimiser.param_groups for p in group["params"]]
    nn.utils.clip_grad_norm_(trained, recipe.clip_norm)
    training.optimiser.step()
    training.progress.step += 1
    training.progress.samples += len(batch.images) * training.distributed.size
    _average(training)
    return per_head


def heads_trained(recipe: Recipe, share: float, step: int) -> int | None:
    """How many heads a step trains, None for all: at first only the shallow ones may be."""
    short = share < recipe.short_until or step % recipe.deep_every
    return recipe.short_cuts if short else None


def learning_rate(recipe: Recipe, share: float) -> float:
    """Linear warm-up, then a cosine from peak to final; ``share`` of the training done, 0..1."""
    if share < recipe.warmup:
        return recipe.peak_lr * max(share / recipe.warmup, 0.01)
    angle = math.pi * (share - recipe.warmup) / (1 - recipe.warmup)
    return recipe.final_lr + (recipe.peak_lr - recipe.final_lr) * 0.5 * (1 + math.cos(angle))


def _average(training: Training) -> None:
    # A short memory at first, or the random start would stay in the average for long
    keep = min(training.recipe.ema, (1 + training.progress.step) / (10 + training.progress.step))
    now = training.net.state_dict()
    real = [name for name, value in now.items() if value.is_floating_point()]
    with torch.no_grad():
        average = [training.ema[name] for name in real]
        torch._foreach_lerp_(average, [now[name] for name in real], 1 - keep)
        for name in now.keys() - set(real):
            training.ema[name].copy_(now[name])


def _forward(training: Training, share: float) -> nn.Module:
    tuned = share >= training.recipe.tune_entry_from
    if training.forward is None or training.forward[0] != tuned:
        training.forward = tuned, forward_pass(training.net, training.distributed)
    return training.forward[1]


def _freeze(net: PoseNet, recipe: Recipe, share: float) -> None:
    if recipe.freeze_entry:
        entry: Any = net.entry
        entry.encoder.requires_grad_(False)
        for parameter in entry.encoder.tunable():
            parameter.requires_grad_(share >= recipe.tune_entry_from)


def _share_done(progress: Progress, recipe: Recipe, hours: float | None) -> float:
    if hours is not None:
        return progress.seconds / (3600 * hours)
    return progress.samples / recipe.samples


def _log(folder: Path, training: Training, heads: Tensor, share: float) -> None:
    progress = training.progress
    left_s = progress.seconds * (1 - share) / max(share, 1e-9)
    rate = progress.samples / max(progress.seconds, 1e-9)
    LOG.info(
        "%5.1f %%  %d samples of %d renders  %.0f img/s  loss cut 1 %.4f  cut %d %.4f  lr %.1e"
        "  left %d:%02d",
        *(100 * share, progress.samples, progress.rendered, rate, heads[0], len(heads), heads[-1]),
        *(learning_rate(training.recipe, share), left_s // 3600, left_s % 3600 // 60),
    )
    names = [f"loss_cut{k:02d}" for k in range(1, training.net.cuts + 1)]
    lr = learning_rate(training.recipe, share)
    row = [progress.samples, f"{progress.seconds:.0f}", f"{lr:.2e}"]
    row += [f"{v:.5f}" for v in heads.tolist()]
    rows_of_csv.append(folder / "log.csv", ["samples", "seconds", "lr", *names], row)


def _save(folder: Path, training: Training, evaluator: HeldOutEvaluator | None) -> None:
    path = folder / "checkpoint.safetensors"
    checkpoint.save(
        path, training.recipe, training.progress, training.net, training.ema, training.optimiser
    )
    LOG.info("saved %s at %d samples", path, training.progress.samples)
    if evaluator is not None:
        _evaluate(folder, training, evaluator)


def _evaluate(folder: Path, training: Training, evaluator: HeldOutEvaluator) -> None:
    averaged = copy.deepcopy(training.net)
    averaged.load_state_dict(training.ema)
    errors_mm = evaluator.errors_mm(averaged)
    held_out.write(folder, training.progress.samples, training.progress.seconds, errors_mm)
    best = min(range(len(errors_mm)), key=errors_mm.__getitem__)
    LOG.info(
        "held out: cut 1 %.0f mm, best cut %d %.0f mm, cut %d %.0f mm",
        *(errors_mm[0], best + 1, errors_mm[best], len(errors_mm), errors_mm[-1]),
    )


def _note_machine(training: Training) -> None:
    threads = torch.get_num_threads() * training.distributed.size
    machine = f"{platform.machine()}, {threads} threads, {training.device.type}"
    if machine not in training.progress.machines:
        training.progress.machines.append(machine)


class _Clock:
    """Adds the time since the last count to a progress.

    CPU seconds are those of this process and of workers that have ended.
    """

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.last_s, self.last_cpu_s = time.monotonic(), time.process_time()

    def count(self) -> float:
        """Gives the time, by the monotonic clock."""
        now_s, now_cpu_s = time.monotonic(), time.process_time()
        self.progress.seconds += now_s - self.last_s
        self.progress.cpu_seconds += now_cpu_s - self.last_cpu_s
        self.last_s, self.last_cpu_s = now_s, now_cpu_s
        return now_s


class _StopRequest:
    """Set by Ctrl-C or SIGTERM, so that the loop can save before it ends."""

    def __init__(self) -> None:
        self.requested = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._request)

    def _request(self, *_: object) -> None:
        self.requested = True
