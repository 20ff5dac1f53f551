"""Each person seen twice, the second time in a mirror: the mean of both is nearer the truth.

Luvizon et al., arXiv 2009.01998, test with several crops and their mirror images; this is the one
crop and its image. What the network says of left and right, and of u, is turned back before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge3dpose.types import Array, Skeleton


def mirrored(network: Callable[[Array], Array], skeleton: Skeleton) -> Callable[[Array], Array]:
    """A network, or an engine, that is called twice; people are then cut out on the CPU.

    images (N, 3, S, S) -> (..., N, J, C), as the network gives them, the caller's own.
    """

    def both(images: Array) -> Array:
        said = np.array(network(images))  # an engine may write over it in the next call
        back = network(np.ascontiguousarray(images[..., ::-1]))[..., list(skeleton.mirror), :]
        back[..., 0] = 1 - back[..., 0]
        return np.asarray((said + back) / 2, np.float32)

    return both
