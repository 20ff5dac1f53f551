"""SSP-Net: images -> 24 predictions (u, v, z, score); it can be cut after any block.

Luvizon et al., "SSP-Net: Scalable Sequential Pyramid Networks for Real-Time 3D Human Pose
Regression", arXiv 2009.01998, sections 3.1-3.3. Widths, kernels and the third re-injected map
follow the authors' published configuration, where the paper's text leaves them out.
Shapes: B batch, C channels, J joints, H W cells of a level.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training import losses
from edge3dpose.training.layers.paper_entry import PaperEntry
from edge3dpose.training.layers.separable import SeparableConv, SeparableResidual, conv1x1, norm
from edge3dpose.training.losses import Targets
from edge3dpose.training.nets import Network, PoseNet
from edge3dpose.training.recipes import Recipe

LEVELS = 4  # 32x32, 16x16, 8x8, 4x4 for a 256 px input
PYRAMIDS = 8  # down, up, down, up, ...


class DownUnit(nn.Sequential):
    """One level down: 2x2 max-pool, then residual unit to the wider level."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__(nn.MaxPool2d(2), SeparableResidual(c_in, c_out))


class PredictionBlock(nn.Module):
    """Section 3.2: predicts from a level's features and re-injects what it predicted.

    One fused 1x1 convolution gives [heat, depth, forward] logits, another takes
    [ReLU(heat), depth, ReLU(forward)] back to C channels; the logits are re-injected, never the
    normalised maps.
    """

    def __init__(self, channels: int, joints: int) -> None:
        super().__init__()
        self.joints = joints
        self.residual = SeparableResidual(channels, channels)
        self.norm_in = norm(channels)
        self.conv = SeparableConv(channels, channels)
        self.norm_out = norm(channels)
        self.heads = conv1x1(channels, 3 * joints)
        self.reinject = conv1x1(3 * joints, channels)

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, C, H, W) -> a, b (the two terms of the sum) and q (what the heads read)."""
        a = self.residual(x)
        b = self.conv(F.relu(self.norm_in(a)))
        return a, b, F.relu(self.norm_out(b))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, C, H, W) -> features for the next unit (B, C, H, W), logits (B, 2J, H, W)."""
        a, b, q = self.features(x)
        logits = self.heads(q)
        return a + b + self._reinjected(logits), logits[:, : 2 * self.joints]

    def back(self, q: Tensor) -> Tensor:
        """q (B, C, H, W) -> what the block's predictions add to the features (B, C, H, W)."""
        return self._reinjected(self.heads(q))

    def _reinjected(self, logits: Tensor) -> Tensor:
        heat, depth, forward = logits.split(self.joints, dim=1)
        return self.reinject(torch.cat([F.relu(heat), depth, F.relu(forward)], dim=1))

    def exit_logits(self, x: Tensor) -> Tensor:
        """Logits (B, 2J, H, W) alone: what is left of the block where the network is cut."""
        q = self.features(x)[2]
        return F.conv2d(q, self.heads.weight[: 2 * self.joints])


class Decode(nn.Module):
    """Section 3.3, no parameters, FP32: logits (B, 2J, H, W) -> (B, J, 4) = u, v, z, score."""

    def forward(self, logits: Tensor) -> Tensor:
        logits = logits.float()
        joints, height, width = logits.shape[1] // 2, logits.shape[2], logits.shape[3]
        heat, depth = logits.flatten(2).split(joints, dim=1)  # (B, J, H*W) each
        share = heat.softmax(dim=-1)
        # Products and sums: what is a matrix product, a backend may compute in half precision
        places = (*_ramps(height, width, logits.device), depth.sigmoid())
        uvz = [(share * place).sum(dim=-1, keepdim=True) for place in places]
        # The hottest 2x2 window's share of the mass.
        windows = 4.0 * F.avg_pool2d(share.unflatten(-1, (height, width)), 2, stride=1)
        score = windows.amax(dim=(2, 3)).clamp(max=1.0).unsqueeze(-1)
        return torch.cat([*uvz, score], dim=-1)


def _ramps(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Positions u and v (H*W,) of the cells: 0..1, end points included."""
    v, u = torch.meshgrid(
        torch.linspace(0, 1, height, device=device),
        torch.linspace(0, 1, width, device=device),
        indexing="ij",
    )
    return u.flatten(), v.flatten()


def level_channels(growth: int) -> list[int]:
    """Channels of each level, finest first (growth 96: 288, 384, 480, 576)."""
    return [growth * (3 + level) for level in range(LEVELS)]


def stages() -> list[tuple[int, int, bool]]:
    """The 24 prediction blocks in execution order: (pyramid 1..8, level, is a down unit)."""
    order = []
    for pyramid in range(1, PYRAMIDS + 1):
        down = pyramid % 2 == 1
        levels = range(1, LEVELS) if down else range(LEVELS - 2, -1, -1)
        order += [(pyramid, level, down) for level in levels]
    return order


class SSPNet(PoseNet):
    """Entry flow and eight pyramids. Level l has 3 * growth + growth * l channels.

    entry  gives a map for level 0 with that many channels, and may give maps for deeper levels:
           they are the first laterals there (the paper's entry flow gives level 0 only)
    """

    def __init__(self, entry: nn.Module, growth: int, joints: int = 17) -> None:
        super().__init__()
        width = level_channels(growth)
        self.entry = entry
        self.units = nn.ModuleList()
        self.blocks = nn.ModuleList()
        for _, level, down in stages():
            if down:
                self.units.append(DownUnit(width[level - 1], width[level]))
            else:
                self.units.append(SeparableResidual(width[level + 1], width[level], upsample=True))
            self.blocks.append(PredictionBlock(width[level], joints))
        self.decode = Decode()

    @property
    def cuts(self) -> int:
        return len(self.blocks)

    def raw(
        self, images: Tensor, *, cached: bool = False, depth: int | None = None
    ) -> list[Tensor]:
        """Logits (B, 2J, H, W) of the first ``depth`` heads."""
        entry: Any = self.entry
        maps = entry.from_cached(images) if cached else entry(images)
        return [logits for _, logits in self.logits(maps, {depth or self.cuts})]

    def objective(
        self, raw: Sequence[Tensor], targets: Targets, recipe: Recipe, share: float
    ) -> tuple[Tensor, Tensor]:
        """Every head with weight 1 (Luvizon et al., section 4.2)."""
        per_head = losses.all_heads([self.decode(logits) for logits in raw], targets)
        total = per_head.sum()
        if recipe.heat:
            heat = recipe.heat * (1 - share)
            total = total + heat * sum(losses.heat_loss(logits, targets) for logits in raw)
        return total, per_head.detach()

    def exported(self) -> nn.Module:
        """The network with one exit convolution a block."""
        return AllHeads(self)

    def forward(self, images: Tensor, cuts: Sequence[int] | None = None) -> list[Tensor]:
        """images (B, 3, S, S) -> predictions (B, J, 4) of the asked cuts (1..24; None is all)."""
        wanted = set(cuts or range(1, self.cuts + 1))
        return [self.decode(m) for k, m in self.logits(self.entry(images), wanted) if k in wanted]

    def logits(self, maps: Sequence[Tensor], wanted: set[int]) -> list[tuple[int, Tensor]]:
        """Entry maps -> (cut, logits (B, 2J, H, W)) of every block up to the last wanted one."""
        lateral: list[Tensor | None] = [*maps, *[None] * (LEVELS - len(maps))]
        found: list[tuple[int, Tensor]] = []
        walk: Any = zip(self.units, self.blocks, stages(), strict=True)
        for k, (unit, block, (_, level, down)) in enumerate(walk, start=1):
            x = unit(lateral[level - 1 if down else level + 1])
            if lateral[level] is not None:
                x = x + lateral[level]
            if k == max(wanted):
                return [*found, (k, block.exit_logits(x))]
            lateral[level], logits = block(x)
            found.append((k, logits))
        return found


class AllHeads(nn.Module):
    """SSP-Net as it is exported: images (B, 3, S, S) -> predictions (B, J, 4) of every block.

    The exit of a block holds a copy of the heat and depth rows of its fused head convolution. Cut
    k keeps the fused ones of blocks 1..k-1 and the exit of block k: a plain sub-graph.
    """

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


PLUGIN = Network(
    Recipe(model="sspnet", growth=96, samples=2_000_000, peak_lr=1e-3),
    lambda growth, _: SSPNet(PaperEntry(growth), growth),
)
