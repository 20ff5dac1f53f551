"""SSP-Net as it is exported: an exit of its own a block, so that a cut is a plain sub-graph.

An exit holds a copy of the heat and depth rows of its block's fused head convolution: cut k then
keeps the fused one of blocks 1..k-1 and the exit of block k, and nothing that it does not need.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from edge3dpose.training.nets.sspnet import LEVELS, PredictionBlock, SSPNet, stages


class AllHeads(nn.Module):
    """images (B, 3, S, S) -> predictions (B, J, 4) of every block."""

    def __init__(self, net: SSPNet) -> None:
        super().__init__()
        blocks: Any = net.blocks
        self.entry, self.units, self.blocks = net.entry, net.units, net.blocks
        self.exits = nn.ModuleList(_exit(block) for block in blocks)
        self.decode = net.decode

    def forward(self, images: Tensor) -> list[Tensor]:
        lateral: list[Tensor | None] = [None] * LEVELS
        for level, entry_map in enumerate(self.entry(images)):
            lateral[level] = entry_map
        heads = []
        walk: Any = zip(self.units, self.blocks, self.exits, stages(), strict=True)
        for unit, block, exit_conv, (_, level, down) in walk:
            x = unit(lateral[level - 1 if down else level + 1])
            if lateral[level] is not None:
                x = x + lateral[level]
            a, b, q = block.features(x)
            heads.append(self.decode(exit_conv(q)))
            lateral[level] = a + b + block.back(q)
        return heads


def _exit(block: PredictionBlock) -> nn.Conv2d:
    heads = block.heads.weight
    rows = 2 * block.joints
    conv = nn.Conv2d(heads.shape[1], rows, 1, bias=False)
    conv.weight.data.copy_(heads.data[:rows])
    return conv
