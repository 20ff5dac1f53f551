"""The layers that SSP-Net and the branches of hemlets-edge are built from.

Luvizon et al., arXiv 2009.01998, section 3.1; widths and kernels as the authors' code has them.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training.layers.depthwise import Depthwise5x5


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with the authors' constants (Keras eps 1e-3, momentum 0.99)."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def conv1x1(c_in: int, c_out: int) -> nn.Conv2d:
    """Pointwise convolution; every convolution of the network is bias-free."""
    return nn.Conv2d(c_in, c_out, 1, bias=False)


class SeparableConv(nn.Sequential):
    """Depthwise 5x5, then pointwise 1x1, nothing between them."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(Depthwise5x5(c_in), conv1x1(c_in, c_out))


class SeparableResidual(nn.Module):
    """Pre-activated separable residual unit; with ``upsample`` it also doubles the side.

    BN, ReLU and 1x1 convolution commute with nearest upsampling, so only the depthwise convolution
    runs at the high resolution: the numbers are the same as for upsampling first.
    """

    def __init__(self, c_in: int, c_out: int, *, upsample: bool = False) -> None:
        super().__init__()
        self.norm = norm(c_in)
        self.conv = SeparableConv(c_in, c_out)
        self.shortcut = conv1x1(c_in, c_out) if c_in != c_out else None
        self.upsample = upsample

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(self.norm(x))
        short = self.shortcut(active) if self.shortcut is not None else x
        if self.upsample:
            active, short = (F.interpolate(m, scale_factor=2.0) for m in (active, short))
        return self.conv(active) + short
