"""A small SSP-Net whose entry flow is the encoder of BlazePose with its published weights."""

from __future__ import annotations

from torch import Tensor, nn

from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder
from edge3dpose.training.nets import Network
from edge3dpose.training.nets.sspnet import SSPNet, level_channels
from edge3dpose.training.recipes import Recipe


class BlazePoseEntry(nn.Module):
    """The encoder, and a 1x1 convolution for each of its maps to the width of that level."""

    def __init__(self, growth: int) -> None:
        super().__init__()
        self.encoder = BlazePoseEncoder()
        widths = zip(BlazePoseEncoder.channels, level_channels(growth), strict=False)
        self.adapters = nn.ModuleList(nn.Conv2d(have, want, 1) for have, want in widths)

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.from_cached(self.encoder.shallow(images))

    def from_cached(self, features: Tensor) -> list[Tensor]:
        """The maps, from the output of the encoder's shallow layers."""
        maps = self.encoder.deep(features)
        return [adapt(m) for adapt, m in zip(self.adapters, maps, strict=True)]


PLUGIN = Network(
    Recipe(
        model="sspnet-lite",
        growth=32,
        samples=300_000,
        freeze_entry=True,
        batch=16,
        short_until=0.75,
        deep_every=3,
        heat=0.03,
        replay=24_000,
        draws=4,
    ),
    lambda growth, _: SSPNet(BlazePoseEntry(growth), growth),
)
