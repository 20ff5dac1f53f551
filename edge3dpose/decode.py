"""Soft-argmax in numpy: the reference of the one at the end of every graph. Not used at run time.

Luvizon et al., arXiv 2009.01998, section 3.3; coordinates from 0 to 1, end points included.
"""

from __future__ import annotations

import numpy as np

from edge3dpose.types import Array


def soft_argmax(heat: Array, depth: Array) -> Array:
    """heat, depth (N, J, H, W) logits -> (N, J, 4) = u, v, z, score, each 0..1."""
    height, width = heat.shape[2:]
    share = np.exp(heat - heat.max(axis=(2, 3), keepdims=True))
    share /= share.sum(axis=(2, 3), keepdims=True)
    u = (share.sum(axis=2) * np.linspace(0, 1, width)).sum(axis=2)
    v = (share.sum(axis=3) * np.linspace(0, 1, height)).sum(axis=2)
    z = (share / (1 + np.exp(-depth))).sum(axis=(2, 3))
    windows = share[..., :-1, :-1] + share[..., 1:, :-1] + share[..., :-1, 1:] + share[..., 1:, 1:]
    score = np.minimum(windows.max(axis=(2, 3)), 1.0)
    return np.stack([u, v, z, score], axis=-1).astype(np.float32)
