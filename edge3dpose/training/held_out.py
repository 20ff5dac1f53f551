"""The error of every cut on held-out people while a training runs: a CSV row each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from edge3dpose import metrics
from edge3dpose.engine_types import ModelSpec
from edge3dpose.skeletons import H36M17
from edge3dpose.training import rows_of_csv
from edge3dpose.training.data.batches import tensor_from_bgr
from edge3dpose.training.nets import PoseNet
from edge3dpose.training.synthesis.camera import cube_to_mm
from edge3dpose.training.synthesis.synthesizer import Synthesizer, SyntheticSample

PEOPLE = 64
BATCH = 16
FILE = "held-out.csv"


class HeldOutEvaluator:
    """The error of a network on rendered people who are never trained on.

    Exact crops, one pass, true depth of the root: a quick guide. The figures that count come from
    edge3dpose evaluate.
    """

    def __init__(self, assets: Path, spec: ModelSpec, people: int = PEOPLE) -> None:
        renders = Synthesizer(assets, "held-out", spec.input_size)
        try:
            self.samples = [renders.sample(seed) for seed in range(people)]
        finally:
            renders.close()
        self.spec = spec
        self.true_mm = np.array([sample.joints_mm for sample in self.samples])
        self.inside = np.array([sample.inside for sample in self.samples])

    def errors_mm(self, net: PoseNet) -> list[float]:
        """MPJPE of each cut, joints in the crop; the network is left in training mode."""
        device = next(net.parameters()).device
        net.eval()
        found: list[list[NDArray]] = [[] for _ in range(net.cuts)]
        for start in range(0, len(self.samples), BATCH):
            part = self.samples[start : start + BATCH]
            images = torch.from_numpy(np.stack([sample.image for sample in part]))
            with torch.no_grad():
                heads = net(tensor_from_bgr(images, self.spec).to(device))
            for cut, poses in enumerate(heads):
                found[cut] += [_lifted(*one) for one in zip(_array(poses), part, strict=True)]
        net.train()
        return [
            metrics.mpjpe(np.array(poses), self.true_mm, counted=self.inside) for poses in found
        ]


def write(folder: Path, samples: int, seconds: float, errors_mm: Sequence[float]) -> None:
    """Append a row to the CSV file of a training."""
    names = [f"mpjpe_mm_cut{k:02d}" for k in range(1, len(errors_mm) + 1)]
    row = [samples, f"{seconds:.0f}", *(f"{mm:.2f}" for mm in errors_mm)]
    rows_of_csv.append(folder / FILE, ["samples", "seconds", *names], row)


def _array(poses: Tensor) -> NDArray:
    return poses[..., :3].float().cpu().numpy()


def _lifted(uvz: NDArray, sample: SyntheticSample) -> NDArray:
    uvz = uvz.copy()
    uvz[H36M17.root, 2] = 0.5  # the root's own z is its distance, which is given here
    return cube_to_mm(uvz, sample.focal_px, sample.centre_px, sample.side_px, sample.root_depth_mm)
