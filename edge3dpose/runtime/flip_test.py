"""Flip test: each crop and its mirror image through the network; the mean of both has less error.

Luvizon et al., arXiv 2009.01998, test with several crops and their mirror images; this is one crop
and its image. The output of the mirrored crop is mirrored back first: left and right joints change
places, and u becomes 1 - u.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge3dpose.engine_types import Engine
from edge3dpose.types import Array, Skeleton


def flip_tested(network: Callable[[Array], Array], skeleton: Skeleton) -> Callable[[Array], Array]:
    """A network that runs twice: on the crops and on their mirror images.

    network  images (N, 3, S, S) -> (..., N, J, C); the result has the same shape and is the
             caller's own
    """

    def mean_of_both(images: Array) -> Array:
        direct = np.array(network(images))  # an engine may overwrite it in the next call
        flipped = network(np.ascontiguousarray(images[..., ::-1]))[..., list(skeleton.mirror), :]
        flipped[..., 0] = 1 - flipped[..., 0]
        return np.asarray((direct + flipped) / 2, np.float32)

    return mean_of_both


class FlipTestEngine(Engine):
    """An engine with the flip test: two calls of it each time; crops are made on the CPU."""

    def __init__(self, engine: Engine, skeleton: Skeleton) -> None:
        self._engine = engine
        self._run = flip_tested(engine, skeleton)

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) -> (N, J, C), the caller's own."""
        return self._run(images)

    def close(self) -> None:
        """Close the engine."""
        self._engine.close()
