"""Renders as cached features: the output of the encoder's frozen first layers.

On a CPU those layers, at the full resolution, cost a third of a training step, and their output
for a render is the same every time it is drawn. So the render workers compute it once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from edge3dpose.engine_types import ModelSpec
from edge3dpose.training.data.batches import mirrored, tensor_from_bgr
from edge3dpose.training.data.mixture import Mixture
from edge3dpose.training.data.picture_dataset import PictureDataset
from edge3dpose.training.data.renders import Renders
from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder


class CachedFeatures(IterableDataset):
    """Samples of a data set, half of them mirrored, with features in place of the image.

    Features are stored as (H, W, C) bfloat16.
    bf16  compute them in bfloat16 too
    """

    def __init__(
        self,
        samples: Renders | Mixture | PictureDataset,
        encoder: BlazePoseEncoder,
        spec: ModelSpec,
        *,
        bf16: bool = True,
    ) -> None:
        self.samples, self.spec, self.bf16 = samples, spec, bf16
        layers = nn.Sequential(encoder.stem, encoder.to_64, encoder.to_32)
        self.layers = copy.deepcopy(layers).cpu().eval().requires_grad_(False)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        mirror = torch.tensor(self.spec.skeleton.mirror)
        random = np.random.default_rng(self.samples.first)
        for image, labels, inside in self.samples:
            targets = torch.from_numpy(labels), torch.from_numpy(inside)
            picture = torch.from_numpy(image)
            if random.random() < 0.5:
                picture = picture.flip(1)
                labels_m, inside_m = mirrored(targets[0][None], targets[1][None], mirror)
                targets = labels_m[0], inside_m[0]
            yield self._features(picture), *targets

    def _features(self, picture: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, self.bf16):
            maps = self.layers(tensor_from_bgr(picture[None], self.spec))
        return maps[0].permute(1, 2, 0).to(torch.bfloat16).contiguous()
