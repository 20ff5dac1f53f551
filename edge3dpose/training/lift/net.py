"""The lift's network: a frame's features and a state in, a pose and the next state out.

Two gated recurrent layers between dense ones: causal, one frame at a time, any frame rate. The idea
of a recurrent 2D-to-3D stage after a pose network is that of Wang et al., "3D Human Pose Machines
with Self-supervised Learning", arXiv 1901.03798, section 3.2.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from edge3dpose.runtime.lift_features import ANSWERS, FEATURES, JOINTS
from edge3dpose.runtime.lift_network import LAYERS, WIDTH


class LiftNet(nn.Module):
    """(B, T, FEATURES) -> (B, T, ANSWERS); ``step`` is one frame of it."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int = WIDTH, layers: int = LAYERS) -> None:
        super().__init__()
        self.width, self.layers = width, layers
        self.register_buffer("mean", torch.zeros(FEATURES))
        self.register_buffer("scale", torch.ones(FEATURES))
        self.enter = nn.Sequential(nn.Linear(FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.memory = nn.GRU(width, width, layers, batch_first=True)
        self.leave = nn.Sequential(nn.Linear(2 * width, width), nn.GELU())
        self.answer = nn.Linear(width, ANSWERS)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)
        with torch.no_grad():
            self.answer.bias[3 * JOINTS + 1 :] = -2.5  # standard deviations begin at 80 mm

    def forward(self, features: Tensor, state: Tensor | None = None) -> Tensor:
        """A whole sequence, from no state or from a given one (layers, B, width)."""
        entered = self.enter((features - self.mean) * self.scale)
        recalled, _ = self.memory(entered, state)
        return self.answer(self.leave(torch.cat([entered, recalled], -1)))

    def step(self, features: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One frame: (B, FEATURES) and (layers, B, width) -> (B, ANSWERS) and the next state."""
        entered = self.enter((features - self.mean) * self.scale)
        layer_in, states = entered, []
        for layer in range(self.layers):
            layer_in = self._cell(layer, layer_in, state[layer])
            states.append(layer_in)
        answer = self.answer(self.leave(torch.cat([entered, layer_in], -1)))
        return answer, torch.stack(states)

    def fit_scale(self, features: Tensor) -> None:
        """Take mean and spread of the features from some of them (N, FEATURES)."""
        self.mean.copy_(features.mean(0))
        self.scale.copy_(1 / features.std(0).clamp(min=0.05))

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
