"""Predictions of every cut for people whose pose is known -> errors, and their thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import metrics
from edge3dpose.errors import AccuracyGateFailed, BadInput
from edge3dpose.evaluation.predictions import Poses
from edge3dpose.reports.accuracy_rows import AccuracyRow
from edge3dpose.types import Array

# Shoulders, elbows, wrists, hips, knees and ankles: what the 2D teacher has too
LIMBS = (1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16)
SHOULDERS, HIPS = (11, 14), (1, 4)
# Of LIMBS: twice the deviation of COCO's annotators, over the square root of a person's area
_FALLOFF = np.array([0.214, 0.174, 0.178] * 2 + [0.158, 0.144, 0.124] * 2)
_AREA_TORSOS = 2.0


@dataclass(frozen=True, slots=True)
class CutError:
    """3D errors of one cut. Joints inside the crop are scored, unless a name says otherwise."""

    cut: int
    mpjpe_mm: float  # 17 joints, the root's 0 among them
    mpjpe16_mm: float  # without the root
    pa_mpjpe_mm: float
    pck150: float
    auc: float
    mpjpe_all_joints_mm: float  # those outside the crop too, which the network cannot locate
    mpjpe_own_depth_mm: float  # MPJPE with the root depth that the cut estimates
    root_depth_error_mm: float  # median of that estimate
    root_depth_error: float  # the same as a share of the true depth


@dataclass(frozen=True, slots=True)
class Label:
    """The teacher's 2D of one picture."""

    pixels: Array  # (J, 2) frame pixels
    seen: NDArray[np.bool_]  # (J,) joints whose visibility is high enough to be scored


@dataclass(frozen=True, slots=True)
class CutAgreement:
    """2D agreement of one cut with the teacher, over LIMBS, in torso lengths."""

    cut: int
    pck50: float
    pck20: float
    median_torsos: float  # median distance
    oks: float  # mean object keypoint similarity


def errors_by_cut(poses: Poses, cuts: list[int], *, root: int) -> list[CutError]:
    """3D errors of each cut in ``cuts``, the i-th row of the poses being that of cuts[i]."""
    return [
        CutError(
            cut,
            **figures(poses.found_mm[row], poses.true_mm, poses.inside, root),
            **depth_figures(poses, row, root),
        )
        for row, cut in enumerate(cuts)
    ]


def figures(found: Array, true: Array, inside: NDArray[np.bool_], root: int) -> dict[str, float]:
    """The fields of a CutError, of poses (N, J, 3) mm."""
    return {
        "mpjpe_mm": metrics.mpjpe(found, true, root=root, counted=inside),
        "mpjpe16_mm": metrics.mpjpe_without_root(found, true, root=root, counted=inside),
        "pa_mpjpe_mm": metrics.pa_mpjpe(found, true, counted=inside),
        "pck150": metrics.pck(found, true, root=root, counted=inside),
        "auc": metrics.auc(found, true, root=root, counted=inside),
        "mpjpe_all_joints_mm": metrics.mpjpe(found, true, root=root),
    }


def defined(figures: dict[str, float]) -> dict[str, float]:
    """The figures without those that are undefined, for too few joints lie in the crop."""
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def depth_figures(poses: Poses, row: int, root: int) -> dict[str, float]:
    """The fields of a CutError for the estimated root depth."""
    median_mm, share = depth_error(poses.depths_mm[row], poses, root)
    return {
        "mpjpe_own_depth_mm": metrics.mpjpe(
            poses.own_mm[row], poses.true_mm, root=root, counted=poses.inside
        ),
        "root_depth_error_mm": median_mm,
        "root_depth_error": share,
    }


def depth_error(depths_mm: Array, poses: Poses, root: int) -> tuple[float, float]:
    """Median error of root depths (N,): in mm, and as a share of the true depth."""
    true = poses.true_mm[:, root, 2]
    errors = np.abs(depths_mm - true)
    return float(np.median(errors)), float(np.median(errors / true))


def agreement_by_cut(
    pixels: NDArray, labels: list[Label | None], *, cuts: list[int]
) -> list[CutAgreement]:
    """2D agreement of each cut with the teacher over the frames in which it sees the person.

    pixels  (cuts, frames, J, 2) frame pixels, NaN where a cut saw nobody: that is a miss
    """
    frames = [at for at, label in enumerate(labels) if label is not None]
    known = [label for label in labels if label is not None]
    true = np.array([label.pixels for label in known])[:, LIMBS, :]
    seen = np.array([label.seen for label in known])[:, LIMBS]
    torso = torso_px(np.array([label.pixels for label in known]))
    found = np.asarray(pixels, np.float64)[:, frames][:, :, LIMBS, :]
    return [_agreement(cut, found[row], true, seen, torso) for row, cut in enumerate(cuts)]


def _agreement(
    cut: int, found: NDArray, true: NDArray, seen: NDArray[np.bool_], torso: NDArray
) -> CutAgreement:
    reach = np.where(np.isnan(found), np.inf, found)
    torsos = np.linalg.norm(reach - true, axis=-1) / torso[:, None]
    return CutAgreement(
        cut,
        pck50=metrics.pck_2d(reach, true, torso, fraction=0.5, counted=seen),
        pck20=metrics.pck_2d(reach, true, torso, fraction=0.2, counted=seen),
        median_torsos=float(np.median(torsos[seen])),
        oks=_oks(torsos, seen),
    )


def _oks(torsos: NDArray, seen: NDArray[np.bool_]) -> float:
    """Mean over the people of the similarity of their joints that are seen, as in COCO.

    torsos  (N, LIMBS) distances in torso lengths; a standing adult's area is (2 torso lengths)^2
    """
    likeness = np.exp(-(torsos**2) / (2 * (_AREA_TORSOS * _FALLOFF) ** 2)) * seen
    return float((likeness.sum(axis=1) / np.maximum(seen.sum(axis=1), 1))[seen.any(axis=1)].mean())


def torso_px(pixels: NDArray) -> NDArray[np.float64]:
    """(N, J, 2) -> (N,) mid-shoulder to mid-hip, in pixels."""
    middle = pixels[:, SHOULDERS, :].mean(axis=1) - pixels[:, HIPS, :].mean(axis=1)
    return np.linalg.norm(middle, axis=-1)


def check_thresholds(
    rows: Sequence[AccuracyRow], max_mpjpe_mm: float | None, min_pck50: float | None
) -> None:
    """AccuracyGateFailed where the best cut misses a threshold; None checks nothing."""
    if max_mpjpe_mm is not None:
        best, mpjpe_mm = _best(rows, "mpjpe_mm", "--require-mpjpe-mm", smallest=True)
        if not mpjpe_mm <= max_mpjpe_mm:
            raise AccuracyGateFailed(
                f"the best cut, {best.cut}, has MPJPE {mpjpe_mm:.1f} mm; "
                f"wanted {max_mpjpe_mm:g} mm or less"
            )
        if rows[0].cut == 1 and len(rows) > 1 and best.cut == 1:
            raise AccuracyGateFailed("no later cut is better than cut 1")
    if min_pck50 is not None:
        best, pck50 = _best(rows, "pck50", "--require-pck", smallest=False)
        if not pck50 >= min_pck50:
            raise AccuracyGateFailed(
                f"the best cut, {best.cut}, has PCK@0.5 {pck50:.3f}; wanted {min_pck50:g} or more"
            )


def _best(
    rows: Sequence[AccuracyRow], figure: str, option: str, *, smallest: bool
) -> tuple[AccuracyRow, float]:
    """The best row and its figure; one that is not finite counts as the worst."""
    if figure not in rows[0].figures:
        raise BadInput(f"{option} asks for a figure that this data set does not give: {figure}")
    worst = math.inf if smallest else -math.inf
    values = [row.figures[figure] for row in rows]
    known = [worst if value is None else value for value in values]
    at = known.index(min(known) if smallest else max(known))
    return rows[at], known[at]
