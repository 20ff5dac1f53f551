"""What the training loop and the exporter ask of a network, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor, nn

from edge3dpose.training.losses import Targets
from edge3dpose.training.recipes import Recipe


class PoseNet(nn.Module, ABC):
    """A network whose heads answer (B, J, C), see ModelSpec; head k is cut k of the model."""

    entry: nn.Module  # its first part; a trained encoder in it is ``entry.encoder``

    @property
    @abstractmethod
    def cuts(self) -> int:
        """How many heads it has."""

    @abstractmethod
    def forward(self, images: Tensor) -> list[Tensor]:
        """images (B, 3, S, S) -> predictions (B, J, C) of every head."""

    @abstractmethod
    def raw(self, images: Tensor, *, begun: bool = False, depth: int | None = None) -> list[Tensor]:
        """What ``objective`` needs, before any decoding, so that it may run in low precision.

        begun  images are what the entry's shallow layers made of them
        depth  the last head that is asked for
        """

    @abstractmethod
    def objective(
        self, raw: Sequence[Tensor], targets: Targets, recipe: Recipe, share: float
    ) -> tuple[Tensor, Tensor]:
        """The scalar to descend, and the pose loss of each head that was asked for.

        share  of the training that is done
        """

    @abstractmethod
    def exported(self) -> nn.Module:
        """The form that is exported: images -> predictions of every head, in order."""
