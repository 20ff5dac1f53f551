"""A pool of samples that are drawn more than once, so that rendering and training share the cores.

Rendering a sample costs a CPU core about as much as learning from it. A thread puts what the
workers make into a ring buffer, and each batch is drawn from it at random. The workers wait while
the samples in it have been drawn too seldom.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from edge3dpose.engine_types import ModelSpec
from edge3dpose.training.checkpoint import Progress
from edge3dpose.training.data.batches import Batch, mirrored, targets_from, tensor_from_bgr

FILL = 512  # samples to wait for before the first batch


class ReplayPool:
    """A ring buffer of the latest ``capacity`` samples, filled in the background.

    draws  of each sample before more are taken in; 0: no limit
    """

    def __init__(
        self,
        samples: Iterable[Sequence[Tensor]],
        spec: ModelSpec,
        capacity: int,
        *,
        draws: int = 0,
        seed: int = 0,
    ) -> None:
        joints = len(spec.skeleton.joints)
        self.spec, self.capacity, self.draws = spec, capacity, draws
        self.mirror = torch.tensor(spec.skeleton.mirror)
        self.images = torch.empty(0)  # images or cached features
        self.labels = torch.empty(0)
        self.inside = torch.zeros(capacity, joints, dtype=torch.bool)
        self.made = self.drawn = 0
        self.random = torch.Generator().manual_seed(seed)
        self.failure: BaseException | None = None
        threading.Thread(target=self._fill, args=(samples,), daemon=True).start()

    def batches(self, size: int, progress: Progress, *, processes: int = 1) -> Iterator[Batch]:
        """Endless batches; ``progress.rendered`` follows the samples that came in.

        processes  of the training: each has a pool of its own, filled at about the same rate
        """
        before = progress.rendered
        while True:
            while self.made < min(FILL, self.capacity):
                self._raise_failure()
                time.sleep(0.05)
            self._raise_failure()
            progress.rendered = before + self.made * processes
            yield self._draw(size)

    def _draw(self, size: int) -> Batch:
        self.drawn += size
        there = min(self.made, self.capacity)
        pick = torch.randint(there, (size,), generator=self.random)
        images, labels, inside = self.images[pick], self.labels[pick], self.inside[pick]
        if images.dtype != torch.uint8:  # cached features: they were mirrored before
            return Batch(images.permute(0, 3, 1, 2), targets_from(labels, inside), cached=True)
        flipped = torch.rand(size, generator=self.random) < 0.5
        images[flipped] = images[flipped].flip(2)
        labels[flipped], inside[flipped] = mirrored(labels[flipped], inside[flipped], self.mirror)
        return Batch(tensor_from_bgr(images, self.spec), targets_from(labels, inside))

    def _fill(self, samples: Iterable[Sequence[Tensor]]) -> None:
        try:
            for images, labels, inside in samples:
                while self.draws and self.drawn < self.draws * (self.made - FILL):
                    time.sleep(0.02)
                if not len(self.images):
                    self.images = images.new_zeros(self.capacity, *images.shape[1:])
                    self.labels = labels.new_zeros(self.capacity, *labels.shape[1:])
                for one in zip(images, labels, inside, strict=True):
                    slot = self.made % self.capacity
                    self.images[slot], self.labels[slot], self.inside[slot] = one
                    self.made += 1
        except BaseException as error:  # the training thread raises it
            self.failure = error

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure
