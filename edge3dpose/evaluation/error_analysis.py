"""Where the error of one cut lives: against what is known of the people, and against its score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose import metrics
from edge3dpose.evaluation import accuracy
from edge3dpose.evaluation.predictions import Poses
from edge3dpose.runtime.filters import body_height, bone_length
from edge3dpose.runtime.roi import body_scale

PARTS = 5  # equal shares of the people, or of the joints
TRUE_PER_MM = 0.564e-3  # body_scale of true joints over the body's height, +-1.7 % a person


def by_fact(poses: Poses, row: int, *, root: int) -> dict[str, list[dict[str, float]]]:
    """For each fact, MPJPE in fifths of the people: from, to, people, mpjpe_mm."""
    errors = _per_person(poses, row, root)
    return {name: _parts(values, errors) for name, values in poses.facts.items()}


def by_score(poses: Poses, row: int, *, root: int) -> list[dict[str, float | None]]:
    """Fifths of the joints by score: from, to, joints, error_mm, and the share in the crop.

    A score that knows what it says falls as the error grows.
    """
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    return _joint_parts(poses.scores[row], errors, poses.inside, root)


def by_depth_std(poses: Poses, row: int, *, root: int) -> list[dict[str, float | None]]:
    """Error in depth by fifths of the depth's standard deviation; empty where none is given."""
    if poses.depth_std is None:
        return []
    off = poses.found_mm[row, ..., 2] - poses.true_mm[..., 2]
    errors = np.abs(off - off[:, root, None])
    return _joint_parts(poses.depth_std[row], errors, poses.inside, root)


def _joint_parts(
    values: NDArray, errors: NDArray, inside: NDArray[np.bool_], root: int
) -> list[dict[str, float | None]]:
    others = np.arange(errors.shape[1]) != root
    values, errors, inside = (each[:, others].ravel() for each in (values, errors, inside))
    return [
        {
            "from": float(values[part].min()),
            "to": float(values[part].max()),
            "joints": len(part),
            "error_mm": float(errors[part][inside[part]].mean()) if inside[part].any() else None,
            "inside": float(inside[part].mean()),
        }
        for part in np.array_split(np.argsort(values, kind="stable"), PARTS)
    ]


def by_joint(poses: Poses, row: int, names: tuple[str, ...], *, root: int) -> dict[str, float]:
    """Mean error of each joint that lies in the crop, mm."""
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    return {
        name: float(errors[poses.inside[:, joint], joint].mean())
        for joint, name in enumerate(names)
        if poses.inside[:, joint].any()
    }


def with_bone_lengths(poses: Poses, row: int, *, root: int) -> dict[str, float]:
    """MPJPE and PA-MPJPE of a cut once the runtime's bone-length filter has been over it."""
    people = zip(poses.found_mm[row], poses.scores[row], strict=True)
    found = np.array([bone_length.corrected(points, score) for points, score in people])
    figures = accuracy.figures(found, poses.true_mm, poses.inside, root)
    return {name: figures[name] for name in ("mpjpe_mm", "pa_mpjpe_mm")}


def by_way_to_depth(poses: Poses, row: int, *, root: int) -> dict[str, float]:
    """Median error of the root's depth, as a share of it, by each way to tell it."""
    own, network_mm = poses.own_mm[row], poses.depths_mm[row]
    heights_mm = [body_scale(true) / TRUE_PER_MM for true in poses.true_mm]

    def by_bones(heights_mm: Sequence[float]) -> NDArray:
        told = zip(own, heights_mm, strict=True)
        return network_mm * np.array(
            [body_height.scale_to_height(pose, height) for pose, height in told]
        )

    ways = {
        "by the square alone": poses.prior_mm,
        "by the root's z": network_mm,
        "by the bones of an adult": by_bones([body_height.ADULT_MM] * len(own)),
        "by the bones and the height": by_bones(heights_mm),
    }
    return {way: accuracy.off(depths_mm, poses, root)[1] for way, depths_mm in ways.items()}


def one_by_one(poses: Poses, row: int, *, root: int) -> list[dict[str, Any]]:
    """Each person's picture and figures: MPJPE, PA-MPJPE, error of the estimated root depth."""
    rows = []
    for n, name in enumerate(poses.names):
        one = slice(n, n + 1)
        said = accuracy.figures(
            poses.found_mm[row][one], poses.true_mm[one], poses.inside[one], root
        )
        depth_mm = float(poses.true_mm[n, root, 2])
        rows.append(
            {
                "name": name,
                "mpjpe_mm": said["mpjpe_mm"],
                "pa_mpjpe_mm": said["pa_mpjpe_mm"],
                "root_depth_mm": depth_mm,
                "root_depth_error_mm": float(poses.depths_mm[row, n]) - depth_mm,
            }
        )
    return rows


def _per_person(poses: Poses, row: int, root: int) -> NDArray[np.float64]:
    errors = metrics.root_aligned_errors(poses.found_mm[row], poses.true_mm, root)
    counted = np.where(poses.inside, errors, np.nan)
    return np.nanmean(np.where(poses.inside.any(1, keepdims=True), counted, errors), axis=1)


def _parts(values: NDArray, errors: NDArray[np.float64]) -> list[dict[str, float]]:
    parts = np.array_split(np.argsort(values, kind="stable"), PARTS)
    return [
        {
            "from": float(values[part].min()),
            "to": float(values[part].max()),
            "people": len(part),
            "mpjpe_mm": float(errors[part].mean()),
        }
        for part in parts
        if len(part)
    ]
