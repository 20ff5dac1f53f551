"""Trains the temporal lift from recorded sequences and motion; calibrates, measures, exports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.runtime.lift_features import ANSWERS, JOINTS, features, posed, turned
from edge3dpose.training import cards
from edge3dpose.training.lift import loop, losses, motion_pool, observed
from edge3dpose.training.lift.export import export
from edge3dpose.training.lift.losses import ROOT
from edge3dpose.training.lift.net import LiftNet
from edge3dpose.training.lift.observed import ErrorBank, Sequences

POOL = 10_000  # pieces of motion
GATE_EVERY = 5  # files of recorded sequences: the gate is fitted on one of so many
# Share of the errors of held-out renders within one standard deviation; 0.68 of a normal
# distribution. Renders are harder than real clips, of which more is within (docs/temporal-lift.md).
WITHIN = 0.64


@dataclass(frozen=True)
class LiftRequest:
    """What is trained.

    assets      file of baked people, see ``edge3dpose train --prepare``
    records     folder of recorded sequences, see ``training.lift.record``
    out         folder of the exported file
    minutes     length of the training
    start_from  a lift.safetensors or temporal-lift.onnx to begin with
    """

    assets: Path
    records: Path
    out: Path
    minutes: float
    start_from: Path | None = None
    recipe: loop.LiftRecipe = field(default_factory=loop.LiftRecipe)


def train(request: LiftRequest, tell: Callable[[str], None]) -> Path:
    """Train, calibrate the deviations on held-out sequences, export; gives the ONNX file."""
    if request.minutes <= 0:
        raise BadInput(f"--minutes {request.minutes:g}: wanted more than 0")
    files = sorted(request.records.glob("train-*.npz"))
    unseen = files[GATE_EVERY - 1 :: GATE_EVERY]
    recorded = observed.read_records([file for file in files if file not in unseen])
    held = observed.read_records(request.records.glob("held-out-*.npz"))
    pool_file = request.records / f"motion-{POOL}.npy"
    motion = motion_pool.open_pool(pool_file, request.assets, "train", POOL)
    bank = ErrorBank.of(recorded).as_noise(request.recipe.noise)
    data = loop.LiftData(recorded, motion, bank)
    net = loop.train(data, request.recipe, request.minutes * 60, tell, request.start_from)
    gated = observed.read_records(unseen) if unseen else recorded
    loop.fit_gate(net, gated, request.recipe)
    held = observed.timed(held, None)
    calibrate(net, held)
    loop.save(net, request.out / "lift.safetensors")
    figures = measure(net, held)
    for name, value in figures.items():
        tell(f"held out: {name} {value:g}")
    card = {
        "state": "trained",
        "licence": cards.LICENCE,
        "data": cards.DATA,
        "training": {
            "minutes": request.minutes,
            "recorded_files": len(files),
            "recipe": asdict(request.recipe),
        },
        "held_out": figures,
    }
    return export(net, request.out, card)


def calibrate(net: LiftNet, held: Sequences) -> None:
    """Scale the deviations of each joint and axis so that the wanted share is within one."""
    error, std = errors(net, held)
    ratio = np.quantile(error / std, WITHIN, axis=(0, 1))
    with torch.no_grad():
        logs = torch.from_numpy(np.log(np.maximum(ratio, 1e-3)).astype(np.float32))
        net.unsure.bias[:-1] += logs.flatten()


def measure(net: LiftNet, held: Sequences) -> dict[str, float]:
    """Errors of held-out sequences without the lift and with it, and how many deviations hold."""
    at = turned(held.seen)
    truth = held.truth_mm - held.truth_mm[..., :1, :]
    before = posed(np.zeros((*truth.shape[:2], ANSWERS), np.float32), at)[0]
    after = posed(_answer(net, features(held.seen, at)), at)[0]
    error, std = errors(net, held)
    return {
        **_figures("without", before, truth, held.fps),
        **_figures("with", after, truth, held.fps),
        "within_1_std": round(float((error < std).mean()), 4),
        "within_2_std": round(float((error < 2 * std).mean()), 4),
    }


def _figures(name: str, joints: NDArray, truth: NDArray, fps: NDArray) -> dict[str, float]:
    error = joints - truth
    place = float(np.linalg.norm(error, axis=-1).mean())
    speed = np.linalg.norm(np.diff(error, axis=1), axis=-1) * fps[:, None, None]
    return {
        f"mpjpe_mm_{name}": round(place, 1),
        f"velocity_error_mm_s_{name}": round(float(speed.mean()), 0),
    }


def errors(net: LiftNet, held: Sequences) -> tuple[NDArray, NDArray]:
    """(B, T, 17, 3) absolute errors and deviations in mm, in the camera that looks at the root."""
    inputs, target = loop.prepared(held)
    answer = torch.from_numpy(_answer(net, inputs.numpy()))
    joints, log_scale = losses.posed(answer, target)
    error = joints - target.joints
    error[..., ROOT, :] = target.root_error(log_scale)
    std = answer[..., 3 * JOINTS + 1 : -1].exp().unflatten(-1, (JOINTS, 3))
    return error.abs().numpy() * 1000, std.numpy() * 1000


def _answer(net: LiftNet, inputs: NDArray) -> NDArray:
    with torch.no_grad():
        return np.concatenate([net(torch.from_numpy(part)).numpy() for part in _parts(inputs)])


def _parts(inputs: NDArray, size: int = 128) -> list[NDArray]:
    return [inputs[at : at + size] for at in range(0, len(inputs), size)]
