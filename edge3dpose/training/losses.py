"""Losses: predictions of the heads and their targets -> scalars.

Luvizon et al., arXiv 2009.01998, section 4.2: elastic net (L1 + L2) on the coordinates, binary
cross-entropy on the score, every head with weight 1. The weight of the score is the authors' 0.01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import Tensor

SCORE_WEIGHT = 0.01


@dataclass(frozen=True)
class Targets:
    """What a batch should give; ``valid`` masks each coordinate (no z where labels are 2D)."""

    uvz: Tensor  # (B, J, 3) in the network's cube
    valid: Tensor  # (B, J, 3) bool
    inside: Tensor  # (B, J) 1.0 where the joint lies in the crop
    placed: Tensor | None = None  # (B, J) bool: whether ``inside`` is known; None: it always is
    polarity: Tensor | None = None  # (B, J) of the bone that ends there, NaN: it follows from z

    def to(self, device: torch.device) -> Targets:
        """The same on a device."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        return Targets(**{k: v.to(device) for k, v in tensors.items() if v is not None})


def pose_loss(prediction: Tensor, targets: Targets) -> Tensor:
    """prediction (B, J, 4) -> scalar; a sample counts the same with 2 or 3 valid coordinates."""
    error = (prediction[..., :3] - targets.uvz) * targets.valid
    elastic = (error.abs() + error.square()).sum(dim=(1, 2))
    per_sample = elastic / targets.valid.sum(dim=(1, 2)).clamp(min=1)
    return per_sample.mean() + SCORE_WEIGHT * score_loss(prediction, targets)


def integral_loss(prediction: Tensor, targets: Targets) -> Tensor:
    """HEMlets: L1 of the coordinates that are known, summed over a picture; (B, J, 4) -> scalar.

    Zhou et al., arXiv 1910.12032: z is switched off where there is no depth label.
    """
    off = (prediction[..., :3] - targets.uvz).abs() * targets.valid
    return off.sum(dim=(1, 2)).mean() + SCORE_WEIGHT * score_loss(prediction, targets)


def score_loss(prediction: Tensor, targets: Targets) -> Tensor:
    """Binary cross-entropy of the scores (B, J): whether the joint lies in the crop."""
    score = prediction[..., 3].clamp(1e-4, 1 - 1e-4)
    weight = None if targets.placed is None else targets.placed.float()
    return torch.nn.functional.binary_cross_entropy(score, targets.inside, weight)


def heat_loss(logits: Tensor, targets: Targets) -> Tensor:
    """Cross-entropy of a head's heatmaps: logits (B, J or more, H, W) -> scalar.

    Soft-argmax alone gives a diffuse heatmap a weak gradient. The target is the one map over the
    four cells around a joint whose soft-argmax is exactly the joint, so both losses agree at any
    resolution.
    """
    joints, height, width = targets.uvz.shape[1], logits.shape[2], logits.shape[3]
    columns = _between_cells(targets.uvz[..., 0], width)
    rows = _between_cells(targets.uvz[..., 1], height)
    cross_entropy = (
        -logits[:, :joints].float().flatten(2).log_softmax(-1).unflatten(2, (height, width))
    )
    per_joint = torch.einsum("bjhw,bjh,bjw->bj", cross_entropy, rows, columns)
    known = targets.valid[..., :2].all(-1) & (targets.inside > 0)
    return (per_joint * known).sum() / known.sum().clamp(min=1)


def _between_cells(position: Tensor, cells: int) -> Tensor:
    """(...) in 0..1 -> (..., cells): shares of the two nearest cells, end points included."""
    centres = torch.arange(cells, device=position.device)
    return (1 - (position.unsqueeze(-1) * (cells - 1) - centres).abs()).clamp(min=0)


def all_heads(predictions: Sequence[Tensor], targets: Targets) -> Tensor:
    """Losses of every head (cuts,); training minimises their sum."""
    return torch.stack([pose_loss(prediction, targets) for prediction in predictions])
