"""Fits a camera to points in camera axes and their pixels, for labels without a camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.camera import project
from edge3dpose.errors import BadInput
from edge3dpose.types import Camera

STEPS = 12
LEAST_POINTS = 16
LARGEST = 1e9  # number of a point or pixel


def fit_lens(points: NDArray, pixels: NDArray) -> tuple[Camera, float]:
    """points (P, 3), z > 0, any unit; pixels (P, 2) -> camera, and its greatest error in pixels.

    Focal length and centre by least squares, then Brown's distortion (OpenCV order) by damped
    Gauss-Newton steps from there.
    """
    if len(points) < LEAST_POINTS:
        raise BadInput(f"{len(points)} labelled points are too few to find a camera from")
    sane = np.abs(points).max() < LARGEST and np.abs(pixels).max() < LARGEST  # False for NaN
    if not sane or points[:, 2].min() <= 0:
        raise BadInput("labelled points that no camera sees: infinite, unknown or behind it")
    try:
        return _fitted(points, pixels)
    except (np.linalg.LinAlgError, ValueError, FloatingPointError):
        raise BadInput("no camera sees the labelled points at the labelled pixels") from None


def _fitted(points: NDArray, pixels: NDArray) -> tuple[Camera, float]:
    flat = points[:, :2] / points[:, 2:]
    start = [np.polyfit(flat[:, axis], pixels[:, axis], 1) for axis in (0, 1)]
    (fx, cx), (fy, cy) = start
    found = np.array([fx, fy, cx, cy, 0, 0, 0, 0, 0], float)
    damping = 1e-9
    for _ in range(STEPS):
        off = (pixels - _seen(points, found)).ravel()
        jacobian = _jacobian(points, found)
        scale = np.linalg.norm(jacobian, axis=0) + 1e-12
        scaled = jacobian / scale
        normal = scaled.T @ scaled + damping * np.eye(len(found))
        found = found + np.linalg.solve(normal, scaled.T @ off) / scale
    error = np.linalg.norm(pixels - _seen(points, found), axis=1)
    if not np.isfinite(error).all() or not np.isfinite(found).all():
        raise ValueError("it does not converge")
    return _camera(found), float(error.max())


def _camera(numbers: NDArray) -> Camera:
    fx, fy, cx, cy, *distortion = map(float, numbers)
    return Camera((fx, fy), (cx, cy), tuple(distortion))


def _seen(points: NDArray, numbers: NDArray) -> NDArray:
    return project(points, _camera(numbers))


def _jacobian(points: NDArray, numbers: NDArray) -> NDArray:
    """(2P, 9) by central differences."""
    columns = []
    for i, value in enumerate(numbers):
        step = np.zeros(len(numbers))
        step[i] = 1e-4 * max(1.0, abs(value))
        ahead, behind = _seen(points, numbers + step), _seen(points, numbers - step)
        columns.append(((ahead - behind) / (2 * step[i])).ravel())
    return np.stack(columns, axis=1)
