"""HEMlets as it is exported: the same outputs from fewer operations.

No activation lies between the up branch's last convolution and the volume's first: their product is
one convolution, and the concatenation becomes a sum. Batch norms fold into the convolutions and
transposed convolutions before them.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import fusion


class Folded(nn.Module):
    """images -> [(B, 17, 7)]; made by ``folded``."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.entry, self.hint, self.decode = net.entry, net.hint, net.decode
        self.before_last, last = net.up[:-1], net.up[-1]
        self.read = net.read[:1]
        first = net.volume[0]
        split = last.out_channels
        with torch.no_grad():
            of_up = first.weight[:, :split, 0, 0]  # (mid, up)
            of_read = first.weight[:, split:]
            size, around = last.kernel_size, last.padding
            self.near = nn.Conv2d(last.in_channels, first.out_channels, size, padding=around)
            weight = torch.einsum("mu,uikl->mikl", of_up, last.weight)
            self.near.weight = nn.Parameter(weight)
            self.near.bias = nn.Parameter(first.bias + of_up @ last.bias)
            self.far = nn.Conv2d(of_read.shape[1], first.out_channels, 1, bias=False)
            self.far.weight = nn.Parameter(of_read.clone())
        self.last = net.volume[-1]

    def forward(self, images: Tensor) -> list[Tensor]:
        features = self.entry(images)
        read = torch.relu(self.read(self.hint(features)))
        middle = torch.relu(self.near(self.before_last(features)) + self.far(read))
        return [self.decode(self.last(middle))]


def folded(net: Any) -> Folded:
    """A folded copy of a network, in eval mode; the network does not change."""
    net = copy.deepcopy(net).eval()
    for part in net.modules():
        if isinstance(part, nn.Sequential):
            _fold_norms(part)
    return Folded(net).eval()


def _fold_norms(layers: nn.Sequential) -> None:
    """Fold batch norms into the convolutions before them; an identity takes their place."""
    for index in range(1, len(layers)):
        before, norm = layers[index - 1], layers[index]
        if not isinstance(norm, nn.BatchNorm2d):
            continue
        if isinstance(before, nn.ConvTranspose2d):
            layers[index - 1] = fusion.fuse_conv_bn_eval(before, norm, transpose=True)
        elif isinstance(before, nn.Conv2d):
            layers[index - 1] = fusion.fuse_conv_bn_eval(before, norm)
        else:
            continue
        layers[index] = nn.Identity()
