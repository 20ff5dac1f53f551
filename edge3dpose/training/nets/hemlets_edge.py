"""A small HEMlets on BlazePose's encoder: maps of 32 x 32, 32 depth bins."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training.nets.blazepose import BlazePoseEncoder
from edge3dpose.training.nets.hemlets import MAPS, HEMlets
from edge3dpose.training.nets.sspnet import SeparableResidual, norm

UNITS = 4  # residual units of each branch


class EncoderEntry(nn.Module):
    """The encoder's three maps as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = BlazePoseEncoder()

    def forward(self, images: Tensor) -> list[Tensor]:
        return self.go_on(self.encoder.shallow(images))

    def go_on(self, shallow: Tensor) -> list[Tensor]:
        """From what the encoder's shallow layers made of the images."""
        return self.encoder.deep(shallow)


class Together(nn.Module):
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


def edge(growth: int, bins: int = 32) -> HEMlets:
    """0.72 GMACs with growth 32: branches 3 * growth wide, a volume head 8 * growth wide.

    Trials of other widths and bins: docs/hemlets-edge.md.
    """
    width, wide = 3 * growth, 8 * growth
    have = BlazePoseEncoder.channels
    return HEMlets(
        EncoderEntry(),
        nn.Sequential(*_branch(have, width), nn.Conv2d(width, wide, 1)),
        nn.Sequential(*_branch(have, width), nn.Conv2d(width, MAPS, 3, padding=1)),
        up_channels=wide,
        read_channels=2 * growth,
        mid=wide,
        bins=bins,
    )


def _branch(have: Sequence[int], width: int) -> list[nn.Module]:
    units = [SeparableResidual(width, width) for _ in range(UNITS)]
    return [Together(have, width), *units, norm(width), nn.ReLU()]
