"""What the lift is trained for: place, speed, bone lengths, scale, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from edge3dpose.runtime.lift_features import JOINTS, Turned
from edge3dpose.skeletons import H36M17

ROOT = H36M17.root
_ENDS = list(range(1, JOINTS))
_STARTS = list(H36M17.parents[1:])


@dataclass(frozen=True)
class Weights:
    """Of the parts of the loss; lengths are in metres, speeds in metres a second."""

    speed: float = 0.15
    bones: float = 0.3
    scale: float = 0.3
    sure: float = 0.02


@dataclass(frozen=True)
class Target:
    """An observation that was turned, and the truth in the same camera."""

    flat: Tensor  # (B, T, 17, 2) metres
    deep: Tensor  # (B, T, 17)
    far: Tensor  # (B, T)
    joints: Tensor  # (B, T, 17, 3) metres, relative to the root
    log_scale: Tensor  # (B, T) of the true distance over the one that was seen
    root: Tensor  # (B, T, 3) metres: where the root really is
    step_s: Tensor  # (B, T)

    def root_error(self, log_scale: Tensor) -> Tensor:
        """(B, T, 3) of the root, which is taken to lie on the axis."""
        across, along = -self.root[..., :2], self.far * log_scale.exp() - self.root[..., 2]
        return torch.cat([across, along[..., None]], -1)


def target_of(at: Turned, truth_mm: Tensor, step_s: Tensor) -> Target:
    """The truth (B, T, 17, 3) from the frame's camera, as the network should answer it."""
    flat, deep, far = (torch.from_numpy(part) for part in (at.flat_mm, at.deep_mm, at.far_mm))
    turn = torch.from_numpy(at.turn)
    relative = truth_mm - truth_mm[..., ROOT : ROOT + 1, :]
    joints = relative @ turn.transpose(-1, -2)
    distance = truth_mm[..., ROOT, :].norm(dim=-1)
    root = (truth_mm[..., ROOT : ROOT + 1, :] @ turn.transpose(-1, -2))[..., 0, :]
    log_scale = torch.log(distance / far)
    flat, deep, far, joints, root = (part / 1000 for part in (flat, deep, far, joints, root))
    return Target(flat, deep, far, joints, log_scale, root, step_s)


def posed(answer: Tensor, target: Target) -> tuple[Tensor, Tensor]:
    """As runtime.lift_features.posed, in metres and in the camera that looks at the root."""
    shift = answer[..., : 3 * JOINTS].unflatten(-1, (JOINTS, 3))
    log_scale = torch.tanh(answer[..., 3 * JOINTS]) * 0.7
    deep = target.deep + shift[..., 2]
    across = target.flat * (1 + deep / target.far[..., None])[..., None] + shift[..., :2]
    joints = torch.cat([across, deep[..., None]], -1) * log_scale.exp()[..., None, None]
    return joints - joints[..., ROOT : ROOT + 1, :], log_scale


def loss(answer: Tensor, target: Target, weights: Weights) -> tuple[Tensor, dict[str, float]]:
    """The sum to be lowered, and its parts by name."""
    joints, log_scale = posed(answer, target)
    error = joints - target.joints
    place = error.abs().mean()
    step = target.step_s[:, 1:, None, None].clamp(min=1 / 120)
    speed = ((error[:, 1:] - error[:, :-1]) / step).abs().mean()
    bones = (_lengths(joints) - _lengths(target.joints)).abs().mean()
    scale = (log_scale - target.log_scale).abs().mean()
    placed = torch.cat([target.root_error(log_scale)[..., None, :], error[..., 1:, :]], -2)
    sure = _unsure(answer, placed, log_scale - target.log_scale)
    total = (
        place
        + weights.speed * speed
        + weights.bones * bones
        + weights.scale * scale
        + weights.sure * sure
    )
    parts = {"place": place, "speed": speed, "bones": bones, "scale": scale, "sure": sure}
    return total, {name: float(part.detach()) for name, part in parts.items()}


def _unsure(answer: Tensor, error: Tensor, scale_error: Tensor) -> Tensor:
    """Negative log likelihood of the errors, which it must not change, by the deviations told."""
    logs = answer[..., 3 * JOINTS + 1 :].clamp(-7, 2)
    seen = torch.cat([error.flatten(-2), scale_error[..., None]], -1).detach()
    return (logs + 0.5 * (seen / logs.exp()) ** 2).mean()


def _lengths(joints: Tensor) -> Tensor:
    return (joints[..., _ENDS, :] - joints[..., _STARTS, :]).norm(dim=-1)
