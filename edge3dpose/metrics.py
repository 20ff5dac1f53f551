"""Errors of predicted poses: MPJPE, PA-MPJPE, PCK and AUC in numpy.

N people, J joints. A pose is (J, 3) in mm or (J, 2) in pixels. Every function takes batches
(N, J, ...) and an optional mask ``counted`` (N, J) of the joints that are scored.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edge3dpose.engine_types import ModelSpec
from edge3dpose.types import Array

PCK_MM = 150.0  # MPI-INF-3DHP: a joint is correct within 150 mm, about half a head
AUC_STEPS_MM = np.arange(0.0, PCK_MM + 1, 5.0)  # MPI-INF-3DHP: 31 thresholds, 0, 5 ... 150 mm

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def root_aligned_errors(predicted_mm: ArrayLike, true_mm: ArrayLike, root: int = 0) -> Floats:
    """Distance of each joint with both roots at the origin: (N, J) mm."""
    predicted, true = _pair(predicted_mm, true_mm, 3)
    difference = (predicted - predicted[:, root : root + 1]) - (true - true[:, root : root + 1])
    return np.linalg.norm(difference, axis=-1)


def mpjpe(
    predicted_mm: ArrayLike, true_mm: ArrayLike, *, root: int = 0, counted: Mask | None = None
) -> float:
    """Human3.6M protocol 1: mean root-aligned distance, the root (always 0) included."""
    return _mean(root_aligned_errors(predicted_mm, true_mm, root), counted)


def mpjpe_without_root(
    predicted_mm: ArrayLike, true_mm: ArrayLike, *, root: int = 0, counted: Mask | None = None
) -> float:
    """As in the SSP-Net paper: the mean over the J - 1 joints that are not the root."""
    errors = root_aligned_errors(predicted_mm, true_mm, root)
    return _mean(errors, _without(root, errors.shape, counted))


def pa_mpjpe(predicted_mm: ArrayLike, true_mm: ArrayLike, *, counted: Mask | None = None) -> float:
    """Human3.6M protocol 2: mean distance after the best rotation, scale and translation.

    Joints that are not counted take no part in the fit; a pose with fewer than three counted joints
    is left out.
    """
    predicted, true = _pair(predicted_mm, true_mm, 3)
    rows = np.ones(predicted.shape[:2], bool) if counted is None else counted
    errors = [
        np.linalg.norm(procrustes(f[row], t[row]) - t[row], axis=-1)
        for f, t, row in zip(predicted, true, rows, strict=True)
        if row.sum() >= 3
    ]
    return float(np.concatenate(errors).mean()) if errors else float("nan")


def procrustes(predicted: Floats, true: Floats) -> Floats:
    """``predicted`` (J, 3) aligned to ``true`` (J, 3) by rotation, scale and translation.

    Umeyama 1991; no reflection. If all predicted joints are one point, the centre of ``true`` is
    returned.
    """
    predicted_centre, true_centre = predicted.mean(axis=0), true.mean(axis=0)
    a, b = predicted - predicted_centre, true - true_centre
    spread = float((a**2).sum())
    if spread == 0.0:
        return np.broadcast_to(true_centre, true.shape).copy()
    u, singular, vt = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * signs) @ vt
    scale = float((singular * signs).sum()) / spread
    return scale * a @ rotation.T + true_centre


def pck(
    predicted_mm: ArrayLike,
    true_mm: ArrayLike,
    *,
    threshold_mm: float = PCK_MM,
    root: int = 0,
    counted: Mask | None = None,
) -> float:
    """MPI-INF-3DHP 3D PCK: share of root-aligned joints within the threshold, without the root."""
    errors = root_aligned_errors(predicted_mm, true_mm, root)
    return _mean(errors <= threshold_mm, _without(root, errors.shape, counted))


def auc(
    predicted_mm: ArrayLike, true_mm: ArrayLike, *, root: int = 0, counted: Mask | None = None
) -> float:
    """MPI-INF-3DHP AUC: mean 3D PCK over the thresholds 0, 5 ... 150 mm, without the root."""
    errors = root_aligned_errors(predicted_mm, true_mm, root)
    scored = _without(root, errors.shape, counted)
    return float(np.mean([_mean(errors <= threshold, scored) for threshold in AUC_STEPS_MM]))


def pck_2d(
    predicted_px: ArrayLike,
    true_px: ArrayLike,
    torso_px: ArrayLike,
    *,
    fraction: float = 0.5,
    counted: Mask | None = None,
) -> float:
    """Share of joints within ``fraction`` of a torso length in the image (FLIC's protocol).

    torso_px  (N,) mid-shoulder to mid-hip of the true pose, pixels
    """
    predicted, true = _pair(predicted_px, true_px, 2)
    torso = np.asarray(torso_px, np.float64)
    if torso.shape != predicted.shape[:1]:
        raise ValueError(f"torso_px: shape {torso.shape}, wanted {predicted.shape[:1]}")
    distance = np.linalg.norm(predicted - true, axis=-1)
    return _mean(distance <= fraction * torso[:, None], counted)


def deviation_mm(outputs: Array, reference: Array, spec: ModelSpec) -> float:
    """Root mean square distance of an engine's joints from FP32's, roots aligned, in mm.

    outputs, reference  (N, J, C) = u, v, z, score, more; converted to mm by the training crop
    """
    mm = (outputs - reference)[..., :3] * [spec.crop_side_mm, spec.crop_side_mm, spec.z_range_mm]
    root = spec.skeleton.root
    mm[:, root, 2] = 0.0  # the root's z encodes the person's depth, not a joint's position
    mm -= mm[:, root : root + 1]
    return float(np.sqrt((mm**2).sum(axis=-1).mean()))


def error_with_deviation_mm(fp32_mm: float, deviation_mm: float) -> float:
    """The estimated error of an engine: FP32's and its deviation from FP32, added in squares.

    In squares, for rounding errors are independent of the network's. `evaluate --backend B
    --precision P` measures the error instead.
    """
    return math.hypot(fp32_mm, deviation_mm)


def _pair(predicted: ArrayLike, true: ArrayLike, axes: int) -> tuple[Floats, Floats]:
    a, b = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if a.shape != b.shape or a.ndim != 3 or a.shape[-1] != axes:
        raise ValueError(f"poses: shapes {a.shape} and {b.shape}, wanted (N, J, {axes}) twice")
    return a, b


def _without(root: int, shape: tuple[int, ...], counted: Mask | None) -> Mask:
    mask = np.ones(shape, bool) if counted is None else np.array(counted, bool)
    mask[:, root] = False
    return mask


def _mean(values: NDArray, counted: Mask | None) -> float:
    chosen = values if counted is None else values[counted]
    return float(np.mean(chosen)) if chosen.size else float("nan")
