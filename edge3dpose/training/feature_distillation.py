"""Feature distillation: the entry flow learns the feature similarities of a pretrained encoder.

The cosine similarities of the features at any two places of a batch, in one picture or in two,
are to agree with the teacher's. Widths need not agree, and nothing is added to the network. After
Tung and Mori, "Similarity-Preserving Knowledge Distillation", arXiv 1907.09682, with places in the
role of pictures.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from edge3dpose.engine_types import ModelSpec
from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder
from edge3dpose.training.nets import PoseNet

SIDE = 16  # places a side that are compared: every one with all those of the batch


class FeatureDistillation:
    """Records the entry's features in training mode, and compares them with the teacher's.

    Both give lists of maps, the finest one first.
    """

    def __init__(self, net: PoseNet, teacher: BlazePoseEncoder, spec: ModelSpec) -> None:
        device = next(net.parameters()).device
        self.teacher = teacher.to(device).eval().requires_grad_(False)
        self.mean, self.std = (
            torch.tensor(rgb, device=device).view(3, 1, 1) for rgb in (spec.mean_rgb, spec.std_rgb)
        )
        self.recorded: Tensor | None = None
        net.entry.register_forward_hook(self._record)

    def loss(self, images: Tensor) -> Tensor:
        """Mean squared difference of the similarities, for the images of the last forward pass."""
        assert self.recorded is not None, "no images were passed"
        learner, self.recorded = self.recorded, None
        with torch.no_grad(), torch.autocast(images.device.type, torch.bfloat16):
            wanted = self.teacher(images * self.std + self.mean)[0]  # it takes pixels in 0..1
        return F.mse_loss(similarities(learner), similarities(wanted))

    def _record(self, entry: Any, inputs: Any, maps: list[Tensor]) -> None:
        if entry.training:
            self.recorded = maps[0]


def similarities(features: Tensor) -> Tensor:
    """(B, C, H, W) -> (B * SIDE**2, B * SIDE**2) cosines, of features minus their mean."""
    places = F.adaptive_avg_pool2d(features.float(), SIDE).permute(0, 2, 3, 1).flatten(0, 2)
    unit = F.normalize(places - places.mean(dim=0), dim=1)
    return unit @ unit.T
