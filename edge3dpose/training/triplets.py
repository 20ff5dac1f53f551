"""HEMlets: target maps and loss of the part-centric heatmap triplets and the joints' heatmaps.

Zhou et al., "HEMlets Pose", arXiv 1910.12032.
"""

from __future__ import annotations

import torch
from torch import Tensor

from edge3dpose.skeletons import H36M17
from edge3dpose.training.data import polarity
from edge3dpose.training.losses import Targets

SIGMA_CELLS = 1.7
MAPS = 3 * len(polarity.PARTS)  # of part k: 3k nearer's -1, 3k + 1 level, 3k + 2 nearer's +1
MIDDLE = (11, 14)  # the shoulders; their middle is an eighteenth joint, in 2D alone


def with_middle(values: Tensor) -> Tensor:
    """(B, 17, ...) -> (B, 18, ...): the mean of the shoulders is appended."""
    return torch.cat([values, values[:, MIDDLE].mean(dim=1, keepdim=True)], dim=1)


def peaks(uv: Tensor, cells: int) -> Tensor:
    """uv (B, N, 2) -> (B, N, cells, cells), a Gaussian of height 1 on each, ends included."""
    at = torch.arange(cells, device=uv.device)
    near = torch.exp(-0.5 * ((uv.unsqueeze(-1) * (cells - 1) - at) / SIGMA_CELLS) ** 2)
    return near[:, :, 1].unsqueeze(-1) * near[:, :, 0].unsqueeze(-2)


def targets_of(targets: Targets, cells: int, z_range_mm: float) -> tuple[Tensor, Tensor]:
    """Maps (B, MAPS + 18, cells, cells) and which of them are known (B, MAPS + 18) bool.

    A Gaussian at a part's parent lies in its middle map always, one at its child in the map of its
    polarity; the greater one counts where both lie in one map.
    """
    joint = peaks(with_middle(targets.uvz[..., :2]), cells)
    seen = with_middle(targets.valid[..., :2].all(-1).float()) > 0.9
    signs, known = signs_of(targets, z_range_mm)
    parent, child = joint[:, polarity.PARENTS], joint[:, polarity.CHILDREN]
    triplets = torch.stack(
        [
            torch.where(_is(signs, -1), child, 0.0),
            torch.maximum(parent, torch.where(_is(signs, 0), child, 0.0)),
            torch.where(_is(signs, 1), child, 0.0),
        ],
        dim=2,
    ).flatten(1, 2)
    drawn = known & seen[:, polarity.PARENTS] & seen[:, polarity.CHILDREN]
    return torch.cat([triplets, joint], dim=1), torch.cat(
        [drawn.repeat_interleave(3, dim=1), seen], dim=1
    )


def signs_of(targets: Targets, z_range_mm: float) -> tuple[Tensor, Tensor]:
    """Polarity of the parts (B, K), labelled or from z, and whether it is known (B, K)."""
    z = targets.uvz[..., 2].clone()
    z[:, H36M17.root] = 0.5  # the root's own z is its distance
    deep = targets.valid[..., 2].clone()
    deep[:, H36M17.root] = True
    signs = polarity.of_depths(z, z_range_mm)
    known = deep[:, polarity.PARENTS] & deep[:, polarity.CHILDREN]
    if targets.polarity is not None:
        labelled = targets.polarity[:, polarity.CHILDREN]
        signs = torch.where(labelled.isnan(), signs, labelled)
        known = known | ~labelled.isnan()
    return signs, known


def loss(maps: Tensor, targets: Targets, z_range_mm: float) -> Tensor:
    """Squared error of all known maps, summed over an image: (B, ...) -> scalar."""
    wanted, known = targets_of(targets, maps.shape[-1], z_range_mm)
    off = (maps.float() - wanted).square().sum(dim=(2, 3))
    return (off * known).sum(dim=1).mean()


def _is(signs: Tensor, value: int) -> Tensor:
    return (signs == value)[..., None, None]
