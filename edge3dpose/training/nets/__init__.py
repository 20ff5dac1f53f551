"""The networks that can be trained, in PyTorch: each file of this folder declares one as PLUGIN.

The name of a file is the name of its model, with - for _. What networks are built from lies in
training/layers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from edge3dpose import plugins
from edge3dpose.errors import BadInput
from edge3dpose.training.losses import Targets
from edge3dpose.training.recipes import Recipe

FOLDER = "training.nets"


class PoseNet(nn.Module, ABC):
    """A network with one or more heads, each (B, J, C), see ModelSpec; head k is cut k."""

    entry: nn.Module  # its first part; a pretrained encoder in it is ``entry.encoder``

    @property
    @abstractmethod
    def cuts(self) -> int:
        """How many heads it has."""

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]:
        """images (B, 3, S, S) -> predictions (B, J, C) of every head."""

    @abstractmethod
    def raw(
        self, images: Tensor, *, cached: bool = False, depth: int | None = None
    ) -> list[Tensor]:
        """What ``objective`` takes: outputs before decoding, which may be in low precision.

        cached  images are features: the output of the frozen first layers of the encoder
        depth   the last head that is computed; None is all
        """

    @abstractmethod
    def objective(
        self, raw: Sequence[Tensor], targets: Targets, recipe: Recipe, share: float
    ) -> tuple[Tensor, Tensor]:
        """The loss to minimise (scalar), and the pose loss of each computed head.

        share  of the training that is done, 0..1
        """

    @abstractmethod
    def exported(self) -> nn.Module:
        """The form that is exported to ONNX: images -> predictions of every head, in order."""


@dataclass(frozen=True)
class Network:
    """What a file of this folder declares as PLUGIN.

    recipe      how the model is trained; ``recipe.growth`` is its width
    make        growth, depth bins -> a network with random weights
    depth_bins  of its volume; 0: it has no volume
    """

    recipe: Recipe
    make: Callable[[int, int], PoseNet]
    depth_bins: int = 0


def find(model: str) -> Network:
    """The network of a model; BadInput with the models that can be trained."""
    if model not in plugins.names(FOLDER):
        names = ", ".join(plugins.names(FOLDER))
        raise BadInput(f"no network for model {model!r}; there is: {names}")
    network: Network = plugins.find(FOLDER, model)
    return network


def build(model: str, growth: int | None = None, bins: int = 0) -> PoseNet:
    """A network with random weights.

    growth  its width; None is the recipe's
    bins    depth bins of its volume, 0 for the model's own; BadInput where it has no volume
    """
    network = find(model)
    if bins and not network.depth_bins:
        names = (name for name in plugins.names(FOLDER) if find(name).depth_bins)
        raise BadInput(f"{model} has no depth bins; those with a volume: {', '.join(names)}")
    return network.make(growth or network.recipe.growth, bins or network.depth_bins)


def recipe_of(model: str) -> Recipe:
    """How a model is trained; BadInput with the models that can be trained."""
    return find(model).recipe
