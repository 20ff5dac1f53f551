"""What a trained encoder sees as alike, taught to an entry flow of another make.

Two places of a batch, in one picture or in two, are alike by the cosine of their features. The
learner is to find alike what the teacher does; widths need not agree and nothing is added to the
network. After Tung and Mori, "Similarity-Preserving Knowledge Distillation", arXiv 1907.09682,
with places in the role of pictures.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from edge3dpose.training.nets.blazepose import BlazePoseEncoder
from edge3dpose.training.nets.posenet import PoseNet
from edge3dpose.types import ModelSpec

SIDE = 16  # places a side that are compared: every one with all those of the batch


class FeatureDistillation:
    """Watches the entry of a network that is trained, and knows what the teacher says there.

    Both give lists of maps, the finest one first.
    """

    def __init__(self, net: PoseNet, teacher: BlazePoseEncoder, spec: ModelSpec) -> None:
        device = next(net.parameters()).device
        self.teacher = teacher.to(device).eval().requires_grad_(False)
        self.mean, self.std = (
            torch.tensor(rgb, device=device).view(3, 1, 1) for rgb in (spec.mean_rgb, spec.std_rgb)
        )
        self.seen: Tensor | None = None
        net.entry.register_forward_hook(self._watch)

    def loss(self, images: Tensor) -> Tensor:
        """Mean square of the difference in likeness, for the pictures that were passed last."""
        assert self.seen is not None, "no pictures were passed"
        learner, self.seen = self.seen, None
        with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16):
            taught = self.teacher(images * self.std + self.mean)[0]  # it takes pixels in 0..1
        return F.mse_loss(likeness(learner), likeness(taught))

    def _watch(self, entry: Any, given: Any, maps: list[Tensor]) -> None:
        if entry.training:
            self.seen = maps[0]


def likeness(features: Tensor) -> Tensor:
    """(B, C, H, W) -> (B * SIDE**2, B * SIDE**2) cosines, of features about their mean."""
    places = F.adaptive_avg_pool2d(features.float(), SIDE).permute(0, 2, 3, 1).flatten(0, 2)
    unit = F.normalize(places - places.mean(dim=0), dim=1)
    return unit @ unit.T
