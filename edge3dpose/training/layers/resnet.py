"""ResNet-50 to its last map: images -> (B, 2048, S/32, S/32).

He et al., arXiv 1512.03385, table 1; the stride of a stage lies on its first 3x3 convolution.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # inner width, units, stride
EXPANSION = 4


def normed(convolution: nn.Module, channels: int) -> nn.Sequential:
    """A convolution and its batch norm."""
    return nn.Sequential(convolution, nn.BatchNorm2d(channels))


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up, plus the input, which a 1x1 convolution fits where shapes differ."""

    def __init__(self, c_in: int, inner: int, stride: int) -> None:
        super().__init__()
        out = EXPANSION * inner
        self.down = normed(nn.Conv2d(c_in, inner, 1, bias=False), inner)
        self.middle = normed(nn.Conv2d(inner, inner, 3, stride, 1, bias=False), inner)
        self.up = normed(nn.Conv2d(inner, out, 1, bias=False), out)
        fits = stride == 1 and c_in == out
        self.shortcut = None if fits else normed(nn.Conv2d(c_in, out, 1, stride, bias=False), out)

    def forward(self, x: Tensor) -> Tensor:
        short = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.up(F.relu(self.middle(F.relu(self.down(x))))) + short)


class ResNet50(nn.Sequential):
    """images (B, 3, S, S) -> (B, 2048, S/32, S/32)."""

    channels = EXPANSION * STAGES[-1][0]

    def __init__(self) -> None:
        stem = [
            *normed(nn.Conv2d(3, 64, 7, 2, 3, bias=False), 64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        ]
        stages, width = [], 64
        for inner, units, stride in STAGES:
            first = Bottleneck(width, inner, stride)
            width = EXPANSION * inner
            rest = (Bottleneck(width, inner, 1) for _ in range(units - 1))
            stages.append(nn.Sequential(first, *rest))
        super().__init__(*stem, *stages)
