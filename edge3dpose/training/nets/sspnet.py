"""SSP-Net in PyTorch: images -> 24 predictions (u, v, z, score); a cut after any block.

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
from edge3dpose.training.losses import Targets
from edge3dpose.training.nets.depthwise import Depthwise5x5
from edge3dpose.training.nets.posenet import PoseNet
from edge3dpose.training.recipes import Recipe

LEVELS = 4  # 32x32, 16x16, 8x8, 4x4 for a 256 px input
PYRAMIDS = 8  # down, up, down, up, ...


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

    def raw(self, images: Tensor, *, begun: bool = False, depth: int | None = None) -> list[Tensor]:
        """Logits (B, 2J, H, W) of the first ``depth`` heads."""
        entry: Any = self.entry
        maps = entry.go_on(images) if begun else entry(images)
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
        """The network with an exit of its own a block."""
        from edge3dpose.training.nets.exits import AllHeads

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


def level_channels(growth: int) -> list[int]:
    """Channels of each level, finest first (growth 96: 288, 384, 480, 576)."""
    return [growth * (3 + level) for level in range(LEVELS)]
