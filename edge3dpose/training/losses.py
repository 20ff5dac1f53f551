"""The paper's loss: predictions of every head and their targets -> one number.

Luvizon et al., arXiv 2009.01998, section 3.4: elastic net (L1 + L2) on the coordinates, binary
cross-entropy on the score, every head with weight 1. The weight of the score is the authors' 0.01.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SCORE_WEIGHT = 0.01


@dataclass(frozen=True)
class Targets:
    """What a batch should give; ``valid`` masks each coordinate (no z on 2D-only pictures)."""

    uvz: Tensor  # (B, J, 3) in the network's cube
    valid: Tensor  # (B, J, 3) bool
    inside: Tensor  # (B, J) 1.0 where the joint lies in the crop


def pose_loss(prediction: Tensor, targets: Targets) -> Tensor:
    """prediction (B, J, 4) -> scalar; a sample counts the same with 2 or 3 valid coordinates."""
    error = (prediction[..., :3] - targets.uvz) * targets.valid
    elastic = (error.abs() + error.square()).sum(dim=(1, 2))
    per_sample = elastic / targets.valid.sum(dim=(1, 2)).clamp(min=1)
    score = prediction[..., 3].clamp(1e-4, 1 - 1e-4)
    agreement = torch.nn.functional.binary_cross_entropy(score, targets.inside)
    return per_sample.mean() + SCORE_WEIGHT * agreement


def all_heads(predictions: Sequence[Tensor], targets: Targets) -> Tensor:
    """Losses of every head (cuts,); training descends their sum."""
    return torch.stack([pose_loss(prediction, targets) for prediction in predictions])
