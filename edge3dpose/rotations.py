"""Rotations as unit quaternions (w, x, y, z) and matrices; arrays of any leading shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])


def cross(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """np.cross of vectors (..., 3), which for few of them takes several times as long."""
    a0, a1, a2, b0, b1, b2 = a[..., 0], a[..., 1], a[..., 2], b[..., 0], b[..., 1], b[..., 2]
    first = a1 * b2 - a2 * b1
    out = np.empty((*first.shape, 3))
    out[..., 0] = first
    out[..., 1] = a2 * b0 - a0 * b2
    out[..., 2] = a0 * b1 - a1 * b0
    return out


def unit(q: NDArray) -> NDArray:
    """q divided by its length."""
    return q / np.sqrt((q * q).sum(-1, keepdims=True))


def multiply(a: NDArray, b: NDArray) -> NDArray:
    """First b, then a."""
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    real = aw * bw - ax * bx - ay * by - az * bz
    out = np.empty((*real.shape, 4))
    out[..., 0] = real
    out[..., 1] = aw * bx + ax * bw + ay * bz - az * by
    out[..., 2] = aw * by - ax * bz + ay * bw + az * bx
    out[..., 3] = aw * bz + ax * by - ay * bx + az * bw
    return out


def inverse(q: NDArray) -> NDArray:
    """The rotation back."""
    return q * np.array([1.0, -1.0, -1.0, -1.0])


def about(axis: NDArray, angle_deg: NDArray | float) -> NDArray:
    """Turn about an axis (..., 3), right-handed."""
    half = np.radians(np.asarray(angle_deg, float))[..., None] / 2
    sine = np.sin(half) * unit(np.asarray(axis, float))
    cosine = np.broadcast_to(np.cos(half), (*sine.shape[:-1], 1))
    return np.concatenate([cosine, sine], -1)


def between(a: NDArray, b: NDArray) -> NDArray:
    """The smallest turn that takes direction a to direction b, both (..., 3)."""
    a, b = unit(a), unit(b)
    across = cross(a, b)
    real = 1 + np.sum(a * b, -1, keepdims=True)
    opposite = real < 1e-6
    if not opposite.any():
        return unit(np.concatenate([real, across], -1))
    side = np.where(np.abs(a[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    across_it = np.broadcast_to(unit(cross(a, side)), across.shape)
    half_turn = np.concatenate([np.zeros_like(real), across_it], -1)
    return unit(np.where(opposite, half_turn, np.concatenate([real, across], -1)))


def mix(a: NDArray, b: NDArray, share: NDArray | float) -> NDArray:
    """From a (share 0) to b (share 1) the short way."""
    sign = np.where(np.sum(a * b, -1, keepdims=True) < 0, -1.0, 1.0)
    return unit(a * (1 - share) + sign * b * share)


def matrix(q: NDArray) -> NDArray:
    """(..., 4) -> (..., 3, 3)."""
    w, x, y, z = np.moveaxis(q, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotate(q: NDArray, vector: NDArray) -> NDArray[np.float64]:
    """Vectors (..., 3) turned by q (..., 4)."""
    axis = q[..., 1:]
    across = 2 * cross(axis, vector)
    return vector + q[..., :1] * across + cross(axis, across)


def from_matrix(m: NDArray) -> NDArray[np.float64]:
    """(..., 3, 3) -> (..., 4), w >= 0."""
    trace = np.trace(m, axis1=-2, axis2=-1)
    diagonal = np.diagonal(m, axis1=-2, axis2=-1)
    # the four ways to begin, of which the one with the largest part is exact
    largest = np.concatenate([trace[..., None], 2 * diagonal - trace[..., None]], -1) + 1
    first = largest.argmax(-1)
    skew = np.stack(
        [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], -1
    )
    mixed = m + np.swapaxes(m, -1, -2)
    whole = np.zeros((*m.shape[:-2], 4, 4))
    whole[..., 0, 1:] = whole[..., 1:, 0] = skew
    whole[..., 1:, 1:] = mixed
    for k in range(4):
        whole[..., k, k] = largest[..., k]
    q = np.take_along_axis(whole, first[..., None, None], -2)[..., 0, :]
    return unit(np.where(q[..., :1] < 0, -q, q))
