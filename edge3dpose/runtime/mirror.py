"""Each person seen twice, the second time in a mirror: the mean of both is nearer the truth.

Luvizon et al., arXiv 2009.01998, test with several crops and their mirror images; this is the one
crop and its image. What the network says of left and right, and of u, is turned back before.
"""

from __future__ import annotations

import numpy as np

from edge3dpose.types import Array, Engine, ModelSpec, Skeleton


class MirroredEngine:
    """An engine that is called twice a person; owns it."""

    def __init__(self, engine: Engine, spec: ModelSpec) -> None:
        self._engine, self._skeleton = engine, spec.skeleton

    def __call__(self, images: Array) -> Array:
        """images (N, 3, S, S) -> (N, J, C), the caller's own."""
        said = np.array(self._engine(images))  # the engine may write over it in the next call
        return mean(said, np.asarray(self._engine(reflected(images))), self._skeleton)

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()


def reflected(images: Array) -> Array:
    """(N, 3, S, S) with left and right changed, contiguous."""
    return np.ascontiguousarray(images[..., ::-1])


def mean(said: Array, of_reflected: Array, skeleton: Skeleton) -> Array:
    """(..., J, C) of pictures and of their mirror images -> (..., J, C) of the pictures."""
    back = of_reflected[..., list(skeleton.mirror), :]
    back[..., 0] = 1 - back[..., 0]
    return np.asarray((said + back) / 2, np.float32)
