"""The lift's network: a frame's features and a state in, a pose and the next state out.

Two gated recurrent layers between dense ones see where the joints are in the image, causally, one
frame at a time, at any frame rate; they never see the pose network's depths. A gate then mixes the
depths that they find with the network's: a network that had learned from both at once took those of
its training sequences by heart. The idea of a recurrent 2D-to-3D stage after a pose network is that
of Wang et al., "3D Human Pose Machines with Self-supervised Learning", arXiv 1901.03798, 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge3dpose.runtime.lift_features import ANSWERS, FEATURES, JOINTS
from edge3dpose.runtime.lift_network import LAYERS, WIDTH

DEPTHS = slice(2 * JOINTS, 3 * JOINTS)  # columns of the features
SCORES = slice(3 * JOINTS, 4 * JOINTS)
HAS_DEPTH = 4 * JOINTS + 3
POSE = 3 * JOINTS + 1  # the first columns of an answer: pose and log of the scale


class LiftNet(nn.Module):
    """(B, T, FEATURES) -> (B, T, ANSWERS); ``step`` is one frame of it."""

    mean: Tensor
    scale: Tensor
    blind: Tensor

    def __init__(self, width: int = WIDTH, layers: int = LAYERS) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        blind = torch.ones(FEATURES)
        blind[DEPTHS] = 0
        blind[HAS_DEPTH] = 0
        self.register_buffer("blind", blind)
        self.enter = nn.Sequential(nn.Linear(FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.memory = nn.GRU(width, width, layers, batch_first=True)
        self.leave = nn.Sequential(nn.Linear(2 * width, width), nn.GELU())
        self.answer = nn.Linear(width, POSE)
        self.trust = nn.Parameter(torch.ones(JOINTS))  # in the network's depths, by joint
        self.trust_by = nn.Parameter(torch.zeros(2))  # by score, and by how far both are apart
        self.unsure = nn.Linear(width + 2 * JOINTS, ANSWERS - POSE)
        for part in (self.answer, self.unsure):
            nn.init.zeros_(part.weight)
            nn.init.zeros_(part.bias)
        nn.init.constant_(self.unsure.bias, -2.5)  # standard deviations begin at 80 mm

    def forward(self, features: Tensor, state: Tensor | None = None) -> Tensor:
        """A whole sequence, from no state or from a given one (layers, B, width)."""
        entered = self._entered(features)
        recalled, _ = self.memory(entered, state)
        return self._answered(features, entered, recalled)

    def step(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One frame: (B, FEATURES) and (layers, B, width) -> (B, ANSWERS) and the next state."""
        entered = self._entered(features)
        layer_in, states = entered, []
        for layer in range(self.layers):
            layer_in = self._cell(layer, layer_in, state[layer])
            states.append(layer_in)
        return self._answered(features, entered, layer_in), torch.stack(states)

    def fit_scale(self, features: Tensor) -> None:
        """Take mean and spread of the features from some of them (N, FEATURES)."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_(1 / features.std(0).clamp(min=0.05))

    def _entered(self, features: Tensor) -> Tensor:
        return self.enter((features - self.mean) * self.scale * self.blind)

    def _answered(self, features: Tensor, entered: Tensor, recalled: Tensor) -> Tensor:
        left = self.leave(torch.cat([entered, recalled], -1))
        pose = self.answer(left)
        joints, scale = pose[..., : 3 * JOINTS].unflatten(-1, (JOINTS, 3)), pose[..., 3 * JOINTS :]
        known = features[..., HAS_DEPTH : HAS_DEPTH + 1]
        score = features[..., SCORES]
        apart = joints[..., 2] - features[..., DEPTHS]  # the network's depth is 0 if not known
        trust = self.trust + self.trust_by[0] * score + self.trust_by[1] * apart.abs()
        shift = apart * (1 - torch.sigmoid(trust) * known)
        joints = torch.cat([joints[..., :2], shift[..., None]], -1).flatten(-2)
        unsure = self.unsure(torch.cat([left, score, apart.abs() * known], -1))
        return torch.cat([joints, scale, unsure], -1)

    def _cell(self, layer: int, x: Tensor, before: Tensor) -> Tensor:
        """A gated recurrent unit out of plain products, which every runtime has."""
        given, kept = (
            nn.functional.linear(
                value,
                getattr(self.memory, f"weight_{name}_l{layer}"),
                getattr(self.memory, f"bias_{name}_l{layer}"),
            ).chunk(3, -1)
            for name, value in (("ih", x), ("hh", before))
        )
        reset = torch.sigmoid(given[0] + kept[0])
        update = torch.sigmoid(given[1] + kept[1])
        fresh = torch.tanh(given[2] + reset * kept[2])
        return fresh + update * (before - fresh)
