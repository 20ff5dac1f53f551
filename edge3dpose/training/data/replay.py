"""Renders drawn from more than once, mirrored at random, so that no core waits for another.

Rendering a person costs a CPU core about as much as learning from it. A thread puts what workers
render into a ring, each batch is drawn at random from it, and the workers rest while what is there
has not been drawn often enough.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from edge3dpose.training.checkpoint import Progress
from edge3dpose.training.data.batches import Batch, mirrored, targets_from, tensor_from_bgr
from edge3dpose.types import ModelSpec

FILL = 512  # renders to wait for before the first batch


class Pool:
    """A ring of the latest ``capacity`` renders, filled in the background."""

    def __init__(
        self,
        renders: Iterable[Sequence[Tensor]],
        spec: ModelSpec,
        capacity: int,
        *,
        draws: int = 0,
        seed: int = 0,
    ) -> None:
        joints = len(spec.skeleton.joints)
        self.spec, self.capacity, self.draws = spec, capacity, draws
        self.mirror = torch.tensor(spec.skeleton.mirror)
        self.images = torch.empty(0)  # pictures, or what frozen layers made of them
        self.uvz = torch.empty(0)
        self.inside = torch.zeros(capacity, joints, dtype=torch.bool)
        self.made = self.drawn = 0
        self.random = torch.Generator().manual_seed(seed)
        self.failure: BaseException | None = None
        threading.Thread(target=self._fill, args=(renders,), daemon=True).start()

    def batches(self, size: int, progress: Progress, *, team: int = 1) -> Iterator[Batch]:
        """Endless batches; ``progress.rendered`` follows the renders that came in.

        Each process of a team has a pool of its own, filled at about the same rate.
        """
        before = progress.rendered
        while True:
            while self.made < min(FILL, self.capacity):
                self._raise_failure()
                time.sleep(0.05)
            self._raise_failure()
            progress.rendered = before + self.made * team
            yield self._draw(size)

    def _draw(self, size: int) -> Batch:
        self.drawn += size
        there = min(self.made, self.capacity)
        pick = torch.randint(there, (size,), generator=self.random)
        images, uvz, inside = self.images[pick], self.uvz[pick], self.inside[pick]
        if images.dtype != torch.uint8:  # mirrored before
            return Batch(images.permute(0, 3, 1, 2), targets_from(uvz, inside), begun=True)
        flipped = torch.rand(size, generator=self.random) < 0.5
        images[flipped] = images[flipped].flip(2)
        uvz[flipped], inside[flipped] = mirrored(uvz[flipped], inside[flipped], self.mirror)
        return Batch(tensor_from_bgr(images, self.spec), targets_from(uvz, inside))

    def _fill(self, renders: Iterable[Sequence[Tensor]]) -> None:
        try:
            for images, uvz, inside in renders:
                while self.draws and self.drawn < self.draws * (self.made - FILL):
                    time.sleep(0.02)
                if not len(self.images):
                    self.images = images.new_zeros(self.capacity, *images.shape[1:])
                    self.uvz = uvz.new_zeros(self.capacity, *uvz.shape[1:])
                for one in zip(images, uvz, inside, strict=True):
                    slot = self.made % self.capacity
                    self.images[slot], self.uvz[slot], self.inside[slot] = one
                    self.made += 1
        except BaseException as error:  # handed to the training thread, which raises it
            self.failure = error

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure
