"""A small HEMlets on BlazePose's encoder: maps of 32 x 32, 32 depth bins."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training.layers.blazepose_encoder import BlazePoseEncoder
from edge3dpose.training.layers.separable import SeparableResidual, norm
from edge3dpose.training.nets import Network
from edge3dpose.training.nets.hemlets import MAPS, HEMlets, Widths
from edge3dpose.training.recipes import Recipe

UNITS = 4  # residual units of each branch


class EncoderEntry(nn.Module):
    """The encoder's three maps as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = BlazePoseEncoder()

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.from_cached(self.encoder.shallow(images))

    def from_cached(self, features: Tensor) -> list[Tensor]:
        """The maps, from the output of the encoder's shallow layers."""
        return self.encoder.deep(features)


class FusedMaps(nn.Module):
    """Maps of falling resolution -> their sum at the finest, each through a 1x1 convolution."""

    def __init__(self, have: Sequence[int], channels: int) -> None:
        super().__init__()
        self.fits = nn.ModuleList(nn.Conv2d(c_in, channels, 1) for c_in in have)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        parts = [fit(m) for fit, m in zip(self.fits, maps, strict=True)]
        total = parts[-1]
        for finer in reversed(parts[:-1]):
            total = F.interpolate(total, scale_factor=2.0) + finer
        return total


def edge(growth: int, bins: int) -> HEMlets:
    """0.72 GMACs with growth 32: branches 3 * growth wide, a volume head 8 * growth wide.

    Trials of other widths and bins: docs/hemlets-edge.md.
    """
    width, wide = 3 * growth, 8 * growth
    have = BlazePoseEncoder.channels
    return HEMlets(
        EncoderEntry(),
        nn.Sequential(*_branch(have, width), nn.Conv2d(width, wide, 1)),
        nn.Sequential(*_branch(have, width), nn.Conv2d(width, MAPS, 3, padding=1)),
        Widths(up=wide, read=2 * growth, mid=wide, bins=bins),
    )


def _branch(have: Sequence[int], width: int) -> list[nn.Module]:
    units = [SeparableResidual(width, width) for _ in range(UNITS)]
    return [FusedMaps(have, width), *units, norm(width), nn.ReLU()]


PLUGIN = Network(
    Recipe(
        model="hemlets-edge",
        growth=32,
        samples=300_000,
        freeze_entry=True,
        batch=16,
        heat=0.05,
        replay=24_000,
        draws=4,
    ),
    edge,
    depth_bins=32,
)
