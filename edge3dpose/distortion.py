"""What a lens does: directions of light to points of the picture at focal length 1, and back.

Two models, as OpenCV has them: Brown's with 4, 5 or 8 coefficients (k1 k2 p1 p2 k3 k4 k5 k6), and
the fisheye's with 4 (k1 k2 k3 k4).
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from edge3dpose.types import Camera

STEPS = 30  # of Newton's method; most lenses take 4
WIDEST = 20.0  # tangent of the angle from the axis that a lens without fisheye is asked for
_FULL = 0.999  # share of the farthest point of a picture that is still undone


def seen_at(points: NDArray, camera: Camera) -> NDArray[np.float64]:
    """Points (..., 3), camera axes -> (..., 2) where they are seen at focal length 1."""
    points = np.asarray(points, np.float64)
    if not camera.fisheye:
        flat = points[..., :2] / points[..., 2:]
        return _brown(flat, camera.distortion)[0] if any(camera.distortion) else flat
    across = np.hypot(points[..., 0], points[..., 1])
    angle = np.arctan2(across, points[..., 2])
    by = np.where(across > 0, _fisheye(angle, camera.distortion)[0] / np.maximum(across, 1e-12), 0)
    return points[..., :2] * by[..., None]


def directions(seen: NDArray, camera: Camera) -> NDArray[np.float64]:
    """(..., 2) of the picture at focal length 1 -> (..., 3) unit vectors towards what is seen.

    Beyond the edge of what a lens can see, the direction of that edge.
    """
    seen = np.asarray(seen, np.float64)
    if camera.fisheye:
        return _fisheye_directions(seen, camera.distortion)
    flat = _undone(seen, camera.distortion) if any(camera.distortion) else seen
    rays = np.concatenate([flat, np.ones((*flat.shape[:-1], 1))], axis=-1)
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def _brown(flat: NDArray, coefficients: tuple[float, ...]) -> tuple[NDArray, NDArray]:
    """Distorted points of undistorted ones (..., 2), and the derivative (..., 2, 2)."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*coefficients, *[0.0] * 8)[:8]
    x, y = flat[..., 0], flat[..., 1]
    r2 = x * x + y * y
    over, under = 1 + r2 * (k1 + r2 * (k2 + r2 * k3)), 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    radial = over / under
    slope = (k1 + r2 * (2 * k2 + 3 * r2 * k3)) - radial * (k4 + r2 * (2 * k5 + 3 * r2 * k6))
    slope = 2 * slope / under  # of radial by r2, times 2
    out = np.empty(flat.shape)
    out[..., 0] = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    out[..., 1] = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    by = np.empty((*flat.shape, 2))
    by[..., 0, 0] = radial + x * x * slope + 2 * p1 * y + 6 * p2 * x
    by[..., 0, 1] = by[..., 1, 0] = x * y * slope + 2 * p1 * x + 2 * p2 * y
    by[..., 1, 1] = radial + y * y * slope + 6 * p1 * y + 2 * p2 * x
    return out, by


def _undone(seen: NDArray, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    """Undistorted points of distorted ones (..., 2)."""
    far = np.linalg.norm(seen, axis=-1, keepdims=True)
    seen = seen * np.minimum(1, _FULL * _farthest(coefficients) / np.maximum(far, 1e-12))
    flat = seen
    for _ in range(STEPS):
        found, by = _brown(flat, coefficients)
        a, b, d = by[..., 0, 0], by[..., 0, 1], by[..., 1, 1]  # symmetric
        ex, ey = np.moveaxis(seen - found, -1, 0)
        step = np.stack([d * ex - b * ey, a * ey - b * ex], axis=-1) / (a * d - b * b)[..., None]
        flat = flat + np.clip(step, -0.5, 0.5)
        if np.abs(step).max(initial=0.0) < 1e-10:
            break
    return flat


@functools.lru_cache(maxsize=64)
def _farthest(coefficients: tuple[float, ...]) -> float:
    """How far from the centre anything is seen: where a polynomial turns back, it is no lens."""
    flat = np.zeros((4000, 2))
    flat[:, 0] = np.linspace(0, WIDEST, 4000)
    k1, k2, _, _, *others = (*coefficients, *[0.0] * 4)
    out, by = _brown(flat, (k1, k2, 0.0, 0.0, *others))
    turns = np.flatnonzero((by[:, 0, 0] <= 1e-3) | ~np.isfinite(out[:, 0]))
    return float(out[turns[0] - 1 if len(turns) else -1, 0])


def _fisheye(angle: NDArray, coefficients: tuple[float, ...]) -> tuple[NDArray, NDArray]:
    """Distance from the centre of what is seen under an angle, and its derivative."""
    k1, k2, k3, k4 = (*coefficients, 0.0, 0.0, 0.0, 0.0)[:4]
    a2 = angle * angle
    distance = angle * (1 + a2 * (k1 + a2 * (k2 + a2 * (k3 + a2 * k4))))
    return distance, 1 + a2 * (3 * k1 + a2 * (5 * k2 + a2 * (7 * k3 + a2 * 9 * k4)))


def _fisheye_directions(seen: NDArray, coefficients: tuple[float, ...]) -> NDArray[np.float64]:
    widest, farthest = _widest_angle(coefficients)
    distance = np.linalg.norm(seen, axis=-1)
    wanted = np.minimum(distance, _FULL * farthest)
    angle = np.minimum(wanted, widest)
    for _ in range(STEPS):
        found, by = _fisheye(angle, coefficients)
        step = (wanted - found) / np.maximum(by, 1e-3)
        angle = np.clip(angle + step, 0, widest)
        if np.abs(step).max(initial=0.0) < 1e-12:
            break
    across = np.where(distance > 0, np.sin(angle) / np.maximum(distance, 1e-12), 0)
    return np.concatenate([seen * across[..., None], np.cos(angle)[..., None]], axis=-1)


@functools.lru_cache(maxsize=64)
def _widest_angle(coefficients: tuple[float, ...]) -> tuple[float, float]:
    """The angle up to which the fisheye's polynomial grows, at most half a turn; and its value."""
    angles = np.linspace(0, np.pi, 4000)
    distances, by = _fisheye(angles, coefficients)
    turns = np.flatnonzero(by <= 1e-3)
    last = turns[0] - 1 if len(turns) else -1
    return float(angles[last]), float(distances[last])
