"""Renders as far as the frozen layers of the entry take them, made where they are rendered.

On a CPU those layers, at the full resolution, cost as much as a third of a training step, and
they say the same of a render each time that it is drawn.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import IterableDataset

from edge3dpose.training.data.batches import Renders, mirrored, tensor_from_bgr
from edge3dpose.training.data.mixed import Mixed
from edge3dpose.training.data.pictures import Pictures
from edge3dpose.training.nets.blazepose import BlazePoseEncoder
from edge3dpose.types import ModelSpec


class CachedFeatures(IterableDataset):
    """(features (H, W, C) bfloat16, uvz, inside) of renders, every other one mirrored."""

    def __init__(
        self, renders: Renders | Mixed | Pictures, encoder: BlazePoseEncoder, spec: ModelSpec
    ) -> None:
        self.renders, self.spec = renders, spec
        layers = nn.Sequential(encoder.stem, encoder.to_64, encoder.to_32)
        self.layers = copy.deepcopy(layers).cpu().eval().requires_grad_(False)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        mirror = torch.tensor(self.spec.skeleton.mirror)
        random = np.random.default_rng(self.renders.first)
        for image, uvz, inside in self.renders:
            labels = torch.from_numpy(uvz), torch.from_numpy(inside)
            picture = torch.from_numpy(image)
            if random.random() < 0.5:
                picture = picture.flip(1)
                uvz_m, inside_m = mirrored(labels[0][None], labels[1][None], mirror)
                labels = uvz_m[0], inside_m[0]
            yield self._features(picture), *labels

    def _features(self, picture: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            maps = self.layers(tensor_from_bgr(picture[None], self.spec))
        return maps[0].permute(1, 2, 0).to(torch.bfloat16).contiguous()
