"""The paper's entry flow: images -> one map of 288 channels at an eighth of the side.

Luvizon et al., arXiv 2009.01998, table 1 and section 3.1; widths as the authors' code has them.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training.layers.separable import conv1x1, norm


class ResidualUnit(nn.Module):
    """Pre-activated: 1x1 to half the width, 3x3 to the full one; 1x1 shortcut where they differ."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.norm1 = norm(c_in)
        self.conv1 = conv1x1(c_in, c_out // 2)
        self.norm2 = norm(c_out // 2)
        self.conv2 = nn.Conv2d(c_out // 2, c_out, 3, padding=1, bias=False)
        self.shortcut = conv1x1(c_in, c_out) if c_in != c_out else None

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm1(x))
        short = self.shortcut(active) if self.shortcut is not None else x
        return self.conv2(F.relu(self.norm2(self.conv1(active)))) + short


class PaperEntry(nn.Module):
    """images (B, 3, S, S) in -1..1 -> [(B, 3 * growth, S/8, S/8)]."""

    def __init__(self, growth: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False),
            ResidualUnit(64, growth),
            nn.MaxPool2d(3, stride=2, padding=1),
            ResidualUnit(growth, 2 * growth),
            ResidualUnit(2 * growth, 2 * growth),
            nn.MaxPool2d(2),
            ResidualUnit(2 * growth, 3 * growth),
            ResidualUnit(3 * growth, 3 * growth),
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        return [self.layers(images)]
