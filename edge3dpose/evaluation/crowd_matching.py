"""Which skeleton is on which person: frame by frame, by object keypoint similarity (OKS).

The similarity is COCO's, over the joints that lie in the frame, hidden ones too, with the area of
a standing adult at the person's true distance. A pair of at least ``LEAST_OKS`` can match; who was
matched in the frame before stays so where that is still possible, the others are assigned at the
least cost (CLEAR MOT, Bernardin and Stiefelhagen 2008). People who are hidden by ``IGNORED`` or
more need not be found, and a skeleton on one of them is not counted as false.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput, MissingDependency
from edge3dpose.metrics import Floats, procrustes, root_aligned_errors
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.runtime.tracking.similarity import iou
from edge3dpose.training.synthesis.crowd_files import CrowdTruth
from edge3dpose.types import Pose3D

LEAST_OKS = 0.3
IGNORED = 0.75  # share of a person's outline that is hidden or outside the frame
SAME_BOX = 0.3  # IoU of the joints' boxes: a false skeleton on a person, not on nobody
ADULT_MM = 1700.0
_AREA = 0.175  # of a standing adult, in squares of its height
# COCO's standard deviations; of h36m17's own joints those of hips or shoulders
_HIP, _KNEE, _ANKLE, _SHOULDER, _ELBOW, _WRIST = 0.107, 0.087, 0.089, 0.079, 0.072, 0.062
SIGMAS = np.array([
    *(_HIP, _HIP, _KNEE, _ANKLE, _HIP, _KNEE, _ANKLE),
    *(_HIP, _SHOULDER, _SHOULDER, _SHOULDER),
    *(_SHOULDER, _ELBOW, _WRIST, _SHOULDER, _ELBOW, _WRIST),
])  # fmt: skip


@dataclass(frozen=True)
class FalseSkeleton:
    """A skeleton in a frame that is nobody's."""

    frame: int
    track_id: int
    duplicate: bool  # on a person who has another one


@dataclass(frozen=True)
class Matched:
    """A sequence of T frames and P people with what was found in it."""

    track_id: NDArray[np.int64]  # (T, P) of the skeleton, -1 for none
    mpjpe_mm: Floats  # (T, P) NaN where there is none
    pa_mpjpe_mm: Floats
    false: list[FalseSkeleton]
    identities: int  # track ids that were given
    counts: dict[str, int]  # of py-motmetrics: idtp, idfp, idfn, num_switches ...


COUNTS = (
    *("idtp", "idfp", "idfn", "num_switches", "num_misses", "num_false_positives"),
    "num_objects",
)


def open_motmetrics() -> Any:
    """py-motmetrics; MissingDependency says how to get it."""
    try:
        import motmetrics
    except ImportError as error:
        raise MissingDependency(
            "motmetrics is not installed; pip install 'edge3dpose[crowds]'"
        ) from error
    return motmetrics


def match(truth: CrowdTruth, found: Iterable[list[Pose3D]]) -> Matched:
    """The people of each frame in turn, beside the truth."""
    motmetrics = open_motmetrics()
    events = motmetrics.MOTAccumulator()
    frames, people = truth.hidden.shape
    counted = truth.hidden < IGNORED
    track_id = np.full((frames, people), -1, np.int64)
    errors = np.full((2, frames, people), np.nan)
    kept: list[dict[int, Pose3D]] = []  # of each frame, by track id
    given: set[int] = set()
    for frame, poses in enumerate(found):
        given |= {_id(pose) for pose in poses}
        similar = oks(truth, frame, poses)
        poses, similar = _without_ignored(poses, similar, counted[frame])
        asked = np.flatnonzero(counted[frame])
        distance = np.where(similar >= LEAST_OKS, 1 - similar, np.nan)[asked]
        kept.append({_id(pose): pose for pose in poses})
        events.update(asked, list(kept[-1]), distance, frameid=frame)
    if len(kept) != frames:
        raise BadInput(f"{truth.video} has {len(kept)} frames, its truth {frames}; render it again")
    for row in events.mot_events.reset_index().itertuples():
        if row.Type in ("MATCH", "SWITCH"):
            frame, person, track = int(row.FrameId), int(row.OId), int(row.HId)
            track_id[frame, person] = track
            true_mm = truth.joints_mm[frame, person]
            errors[:, frame, person] = _errors_mm(kept[frame][track], true_mm)
    false = [
        one
        for frame, poses_of in enumerate(kept)
        for one in _false(truth, frame, list(poses_of.values()), track_id[frame])
    ]
    counts = motmetrics.metrics.create().compute(events, metrics=list(COUNTS), name="all")
    return Matched(
        track_id,
        errors[0],
        errors[1],
        false,
        len(given),
        {name: int(counts[name].iloc[0]) for name in COUNTS},
    )


def oks(truth: CrowdTruth, frame: int, poses: list[Pose3D]) -> Floats:
    """(P, N) similarity of each person with each pose; 0 of a person outside the frame."""
    people = truth.hidden.shape[1]
    if not poses:
        return np.zeros((people, 0))
    true, seen = truth.pixels[frame].astype(float), _inside(truth, frame)
    there = np.stack([pose.pixels for pose in poses]).astype(float)
    height_px = ADULT_MM * truth.camera.focal_px[1] / truth.joints_mm[frame, :, 0, 2]
    area = _AREA * height_px.astype(float) ** 2
    away2 = ((true[:, None] - there[None]) ** 2).sum(-1)
    each = np.exp(-away2 / (2 * area[:, None, None] * (2 * SIGMAS) ** 2))
    joints = np.maximum(seen.sum(1), 1)
    return np.asarray((each * seen[:, None]).sum(-1) / joints[:, None])


def _inside(truth: CrowdTruth, frame: int) -> NDArray[np.bool_]:
    """(P, J) the joints that lie in the frame."""
    width, height = truth.size
    x, y = np.moveaxis(truth.pixels[frame], -1, 0)
    return np.asarray((x >= 0) & (x < width) & (y >= 0) & (y < height))


def _without_ignored(
    poses: list[Pose3D], similar: Floats, counted: NDArray[np.bool_]
) -> tuple[list[Pose3D], Floats]:
    """Leaves out the poses that fit best on people who need not be found."""
    drop = {n for person, n in assigned(similar, LEAST_OKS) if not counted[person]}
    kept = [n for n in range(len(poses)) if n not in drop]
    return [poses[n] for n in kept], similar[:, kept]


def _errors_mm(pose: Pose3D, true_mm: NDArray) -> tuple[float, float]:
    """MPJPE and PA-MPJPE of all joints; NaN of 2D poses."""
    if not pose.is_3d:
        return np.nan, np.nan
    mine, true = pose.joints_mm.astype(float), true_mm.astype(float)
    aligned = procrustes(mine, true)
    return (
        float(root_aligned_errors(mine[None], true[None]).mean()),
        float(np.linalg.norm(aligned - true, axis=-1).mean()),
    )


def _false(
    truth: CrowdTruth, frame: int, poses: list[Pose3D], track_id: NDArray[np.int64]
) -> list[FalseSkeleton]:
    taken = set(track_id.tolist())
    have = np.flatnonzero(track_id >= 0)
    boxes = np.array([_box(truth.pixels[frame, person]) for person in have]).reshape(-1, 4)
    return [
        FalseSkeleton(
            frame, _id(pose), bool((iou(_box(pose.pixels)[None], boxes) >= SAME_BOX).any())
        )
        for pose in poses
        if _id(pose) not in taken
    ]


def _id(pose: Pose3D) -> int:
    assert pose.track_id is not None, "a followed person has an identity"
    return pose.track_id


def _box(pixels: NDArray) -> Floats:
    return np.concatenate([pixels.min(0), pixels.max(0)]).astype(float)
