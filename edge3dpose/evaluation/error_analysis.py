"""Where the 3D error of one cut lies: by facts of the people, by joint, by score, by root depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge3dpose import metrics
from edge3dpose.engine_types import ModelSpec
from edge3dpose.evaluation import accuracy
from edge3dpose.evaluation.predictions import Poses
from edge3dpose.reports.accuracy_rows import ErrorAnalysis, JointBin, PeopleBin, PictureRow
from edge3dpose.runtime.filters import body_height, bone_length
from edge3dpose.runtime.roi import body_scale

BINS = 5  # equal shares of the people, or of the joints
FEW = 50  # pictures for which errors are reported one by one
TRUE_PER_MM = 0.564e-3  # body_scale of true joints over the body's height, +-1.7 % a person


def analyse(poses: Poses, row: int, cut: int, spec: ModelSpec) -> ErrorAnalysis:
    """Everything below for the cut in that row of the poses; picture by picture for a few."""
    root = spec.skeleton.root
    return ErrorAnalysis(
        best_cut=cut,
        with_bone_lengths=with_bone_lengths(poses, row, root=root),
        by_fact=by_fact(poses, row, root=root),
        by_joint_mm=by_joint(poses, row, spec.skeleton.joints, root=root),
        root_depth_error=by_depth_method(poses, row, root=root),
        by_score=by_score(poses, row, root=root),
        by_depth_std=by_depth_std(poses, row, root=root),
        one_by_one=one_by_one(poses, row, root=root) if len(poses.names) <= FEW else None,
    )


def by_fact(poses: Poses, row: int, *, root: int) -> dict[str, tuple[PeopleBin, ...]]:
    """For each fact, MPJPE in fifths of the people."""
    errors = _per_person(poses, row, root)
    return {name: _people_bins(values, errors) for name, values in poses.facts.items()}


def by_score(poses: Poses, row: int, *, root: int) -> tuple[JointBin, ...]:
    """Mean error in fifths of the joints by score; a good score falls as the error grows."""
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    return _joint_bins(poses.scores[row], errors, poses.inside, root)


def by_depth_std(poses: Poses, row: int, *, root: int) -> tuple[JointBin, ...]:
    """Error in depth by fifths of the depth's standard deviation; empty where none is given."""
    if poses.depth_std is None:
        return ()
    difference = poses.found_mm[row, ..., 2] - poses.true_mm[..., 2]
    errors = np.abs(difference - difference[:, root, None])
    return _joint_bins(poses.depth_std[row], errors, poses.inside, root)


def _joint_bins(
    values: NDArray, errors: NDArray, inside: NDArray[np.bool_], root: int
) -> tuple[JointBin, ...]:
    others = np.arange(errors.shape[1]) != root
    values, errors, inside = (each[:, others].ravel() for each in (values, errors, inside))
    return tuple(
        JointBin(
            lowest=float(values[part].min()),
            highest=float(values[part].max()),
            joints=len(part),
            error_mm=float(errors[part][inside[part]].mean()) if inside[part].any() else None,
            inside=float(inside[part].mean()),
        )
        for part in np.array_split(np.argsort(values, kind="stable"), BINS)
    )


def by_joint(poses: Poses, row: int, names: tuple[str, ...], *, root: int) -> dict[str, float]:
    """Mean error of each joint that lies in the crop, mm."""
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    return {
        name: float(errors[poses.inside[:, joint], joint].mean())
        for joint, name in enumerate(names)
        if poses.inside[:, joint].any()
    }


def with_bone_lengths(poses: Poses, row: int, *, root: int) -> dict[str, float] | None:
    """MPJPE and PA-MPJPE of a cut after the runtime's bone-length filter; None where undefined."""
    people = zip(poses.found_mm[row], poses.scores[row], strict=True)
    found = np.array([bone_length.corrected(points, score) for points, score in people])
    figures = accuracy.figures(found, poses.true_mm, poses.inside, root)
    kept = accuracy.defined({name: figures[name] for name in ("mpjpe_mm", "pa_mpjpe_mm")})
    return kept if len(kept) == 2 else None


def by_depth_method(poses: Poses, row: int, *, root: int) -> dict[str, float]:
    """Median error of the root depth, as a share of it, by each method to estimate it."""
    own, network_mm = poses.own_mm[row], poses.depths_mm[row]
    heights_mm = [body_scale(true) / TRUE_PER_MM for true in poses.true_mm]

    def by_bones(heights_mm: Sequence[float]) -> NDArray:
        pairs = zip(own, heights_mm, strict=True)
        return network_mm * np.array(
            [body_height.scale_to_height(pose, height) for pose, height in pairs]
        )

    methods = {
        "by the square alone": poses.prior_mm,
        "by the root's z": network_mm,
        "by the bones of an adult": by_bones([body_height.ADULT_MM] * len(own)),
        "by the bones and the height": by_bones(heights_mm),
    }
    return {
        method: accuracy.depth_error(depths_mm, poses, root)[1]
        for method, depths_mm in methods.items()
    }


def one_by_one(poses: Poses, row: int, *, root: int) -> tuple[PictureRow, ...]:
    """The errors on each picture."""
    rows = []
    for n, name in enumerate(poses.names):
        one = slice(n, n + 1)
        errors = accuracy.defined(
            accuracy.figures(poses.found_mm[row][one], poses.true_mm[one], poses.inside[one], root)
        )
        depth_mm = float(poses.true_mm[n, root, 2])
        rows.append(
            PictureRow(
                name=name,
                mpjpe_mm=errors.get("mpjpe_mm"),
                pa_mpjpe_mm=errors.get("pa_mpjpe_mm"),
                root_depth_mm=depth_mm,
                root_depth_error_mm=float(poses.depths_mm[row, n]) - depth_mm,
            )
        )
    return tuple(rows)


def _per_person(poses: Poses, row: int, root: int) -> NDArray[np.float64]:
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    counted = np.where(poses.inside, errors, np.nan)
    return np.nanmean(np.where(poses.inside.any(1, keepdims=True), counted, errors), axis=1)


def _people_bins(values: NDArray, errors: NDArray[np.float64]) -> tuple[PeopleBin, ...]:
    parts = np.array_split(np.argsort(values, kind="stable"), BINS)
    return tuple(
        PeopleBin(
            lowest=float(values[part].min()),
            highest=float(values[part].max()),
            people=len(part),
            mpjpe_mm=float(errors[part].mean()),
        )
        for part in parts
        if len(part)
    )
