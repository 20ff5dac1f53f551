"""HEMlets Pose: images -> one prediction (u, v, z, score) from a volume a joint.

Zhou et al., "HEMlets Pose: Learning Part-Centric Heatmap Triplets for Accurate 3D Human Pose
Estimation", arXiv 1910.12032; read-out by integration as Sun et al., arXiv 1711.08229.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edge3dpose.training import losses, triplets
from edge3dpose.training.layers.folded_hemlets import folded
from edge3dpose.training.layers.resnet import ResNet50
from edge3dpose.training.losses import Targets
from edge3dpose.training.nets import Network, PoseNet
from edge3dpose.training.recipes import Recipe

JOINTS = 18  # h36m17 and the middle of the shoulders, which stays inside
MAPS = triplets.MAPS + JOINTS


class Integral(nn.Module):
    """No parameters, FP32: volume (B, 18 * D, H, W) -> (B, 17, 7) = u, v, z, score, std.

    One softmax over a joint's whole volume, its three marginals, their means. The score is the
    share of the hottest window, an eighth of the picture wide, as 2x2 of SSP-Net's 16x16 maps are,
    of what the volume is from the camera's side. std is the marginals' standard deviation:
    what is sure in the picture may be anywhere in depth, and only that tells.
    """

    def __init__(self, joints: int = JOINTS - 1) -> None:
        super().__init__()
        self.joints = joints

    def forward(self, volume: Tensor) -> Tensor:
        height, width = volume.shape[2:]
        bins = volume.shape[1] // JOINTS
        cells = volume[:, : self.joints * bins].float().unflatten(1, (self.joints, bins))
        share = cells.flatten(2).softmax(dim=-1).unflatten(2, (bins, height, width))
        front = share.sum(dim=2)  # (B, J, H, W)
        marginals = (front.sum(dim=2), front.sum(dim=3), share.sum(dim=(3, 4)))
        uvz, stds = zip(*(_mean_and_std(marginal) for marginal in marginals), strict=True)
        side = max(2, height // 8)
        windows = side**2 * F.avg_pool2d(front, side, stride=1)
        score = windows.amax(dim=(2, 3)).clamp(max=1.0)
        return torch.stack([*uvz, score, *stds], dim=-1)


def _mean_and_std(marginal: Tensor) -> tuple[Tensor, Tensor]:
    """(B, J, N) -> (B, J) twice: mean place, 0..1 with the end points, and standard deviation."""
    places = torch.linspace(0, 1, marginal.shape[-1], device=marginal.device)
    # not a product of matrices: see SSP-Net's Decode
    mean = (marginal * places).sum(dim=-1)
    off = places - mean.detach()[..., None]
    return mean, (marginal.detach() * off * off).sum(dim=-1).clamp(min=1e-12).sqrt()


@dataclass(frozen=True)
class Widths:
    """Channels of a HEMlets.

    up    of the up branch's output
    read  of the maps of the hint branch, once they are read
    mid   between the two convolutions of the volume
    bins  of the volume's depth
    """

    up: int
    read: int
    mid: int
    bins: int


class HEMlets(PoseNet):
    """A trunk, two branches on it, and a volume from the outputs of both.

    entry  images -> features, or a list of maps
    up     features -> (B, C, H, W)
    hint   features -> (B, MAPS, H, W): the triplets of the parts, the heatmaps of the joints
    """

    z_range_mm = 2000.0

    def __init__(self, entry: nn.Module, up: nn.Module, hint: nn.Module, widths: Widths) -> None:
        super().__init__()
        self.entry, self.up, self.hint = entry, up, hint
        self.read = nn.Sequential(
            nn.Conv2d(MAPS, widths.read, 3, padding=1, bias=False),
            nn.BatchNorm2d(widths.read),
            nn.ReLU(),
        )
        self.volume = nn.Sequential(
            nn.Conv2d(widths.up + widths.read, widths.mid, 1),
            nn.BatchNorm2d(widths.mid),
            nn.ReLU(),
            nn.Conv2d(widths.mid, JOINTS * widths.bins, 1),
        )
        self.decode = Integral()

    @property
    def cuts(self) -> int:
        """One: the network has no earlier heads."""
        return 1

    def forward(self, images: Tensor) -> list[Tensor]:
        return [self.decode(self.raw(images)[0])]

    def raw(
        self, images: Tensor, *, cached: bool = False, depth: int | None = None
    ) -> list[Tensor]:
        """The volume, and the maps of the hint branch."""
        entry: Any = self.entry
        features = entry.from_cached(images) if cached else entry(images)
        maps = self.hint(features)
        return [self.volume(torch.cat([self.up(features), self.read(maps)], dim=1)), maps]

    def objective(
        self, raw: Sequence[Tensor], targets: Targets, recipe: Recipe, share: float
    ) -> tuple[Tensor, Tensor]:
        """Coordinates from the volume, and the hints in their weight throughout."""
        volume, maps = raw
        found = self.decode(volume)
        total = losses.integral_loss(found, targets)
        if recipe.heat:
            total = total + recipe.heat * triplets.loss(maps, targets, self.z_range_mm)
        return total, losses.pose_loss(found, targets).detach()[None]

    def exported(self) -> nn.Module:
        """The network with its batch norms and linear layers folded; the numbers are the same."""
        return folded(self)


def deconvolutions(c_in: int, channels: int, steps: int = 3) -> list[nn.Module]:
    """Each doubles the side: transposed 4x4, batch norm, ReLU."""
    layers: list[nn.Module] = []
    for _ in range(steps):
        up = nn.ConvTranspose2d(c_in, channels, 4, stride=2, padding=1, bias=False)
        layers += [up, nn.BatchNorm2d(channels), nn.ReLU()]
        c_in = channels
    return layers


def paper(growth: int, bins: int) -> HEMlets:
    """The paper's size with growth 256: 49.6 M parameters, volumes of 64 x 64 x 64 from 256 px."""
    wide, up = ResNet50.channels, 4 * growth
    return HEMlets(
        ResNet50(),
        nn.Sequential(*deconvolutions(wide, growth), nn.Conv2d(growth, up, 3, padding=1)),
        nn.Sequential(*deconvolutions(wide, growth), nn.Conv2d(growth, MAPS, 3, padding=1)),
        Widths(up=up, read=growth, mid=up, bins=bins),
    )


PLUGIN = Network(
    Recipe(model="hemlets", growth=256, samples=2_000_000, peak_lr=1e-3, heat=0.05),
    paper,
    depth_bins=64,
)
