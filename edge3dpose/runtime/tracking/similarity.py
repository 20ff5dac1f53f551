"""How alike two poses in an image are. N, M people, J joints.

Object keypoint similarity (OKS) as in COCO, and between frames as in Xiao et al., Simple Baselines
(arXiv 1804.06208). Its scale is the ROI's side, which a bent or foreshortened body does not shrink.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge3dpose.skeletons import Skeleton
from edge3dpose.types import Pose3D

# How far apart two annotators put a joint, twice its standard deviation over the square root of a
# person's area: COCO's numbers. Those of joints that COCO has not are of the joint nearest to them.
_FALLOFF = {
    **{"pelvis": 0.214, "hip": 0.214, "knee": 0.174, "ankle": 0.178},
    **{"spine": 0.214, "thorax": 0.158, "neck": 0.158, "head_top": 0.144},
    **{"shoulder": 0.158, "elbow": 0.144, "wrist": 0.124},
    **{"nose": 0.052, "eye": 0.05, "ear": 0.07},
}
_SIZE = 0.45  # square root of an adult's area in the image, in sides of the ROI
SEEN = 0.1  # joints of a lower score are not compared
_FEWEST = 4  # joints in common; with fewer, all are compared


@dataclass(frozen=True, slots=True)
class Shapes:
    """Poses as they are compared, in frame pixels."""

    points: NDArray[np.float64]  # (N, J, 2)
    seen: NDArray[np.bool_]  # (N, J)
    side: NDArray[np.float64]  # (N,) of the ROI
    skeleton: Skeleton

    @property
    def mirrored(self) -> Shapes:
        """Left and right joints exchanged."""
        order = list(self.skeleton.mirror)
        return Shapes(self.points[:, order], self.seen[:, order], self.side, self.skeleton)


def shapes(poses: Sequence[Pose3D]) -> Shapes:
    """One or more poses with boxes, as they are compared."""
    points = np.stack([pose.pixels for pose in poses]).astype(np.float64)
    seen = np.stack([_seen(pose) for pose in poses])
    return Shapes(points, seen, np.array([side_px(pose) for pose in poses]), poses[0].skeleton)


def side_px(pose: Pose3D) -> float:
    """Side of a pose's ROI."""
    assert pose.box is not None, "only a pose that came out of a crop can be followed"
    return pose.box.x1 - pose.box.x0


def oks(a: Shapes, b: Shapes) -> NDArray[np.float64]:
    """(N, M) similarity of each of N poses with each of M: 1 the same, 0 nothing in common."""
    apart = ((a.points[:, None] - b.points[None]) ** 2).sum(-1)
    size = _SIZE * np.maximum(a.side[:, None], b.side[None])
    spread = (size[..., None] * _falloff(a.skeleton)) ** 2
    both = a.seen[:, None] & b.seen[None]
    both |= both.sum(-1, keepdims=True) < _FEWEST
    return (np.exp(-apart / (2 * spread)) * both).sum(-1) / both.sum(-1)


def extents(a: Shapes) -> NDArray[np.float64]:
    """(N, 4) x0, y0, x1, y1 about each person: the joints, and the flesh around them."""
    shown = a.seen | (a.seen.sum(-1, keepdims=True) < _FEWEST)
    low = np.where(shown[..., None], a.points, np.inf).min(axis=1)
    high = np.where(shown[..., None], a.points, -np.inf).max(axis=1)
    flesh = 0.03 * a.side[:, None]
    return np.concatenate([low - flesh, high + flesh], axis=1)


def iou(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """(N, 4) and (M, 4) boxes -> (N, M) intersection over union."""
    common = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None] - common
    return common / np.maximum(union, 1e-9)


def intersections(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    """(N, 4) and (M, 4) boxes -> (N, M) areas that they have in common."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size: NDArray[np.float64] = np.maximum(high - low, 0.0).prod(axis=-1)
    return size


def areas(a: NDArray) -> NDArray[np.float64]:
    """(N, 4) boxes -> (N,) areas."""
    size: NDArray[np.float64] = np.maximum(a[:, 2:] - a[:, :2], 0.0).prod(axis=-1)
    return size


def _seen(pose: Pose3D) -> NDArray[np.bool_]:
    sure: NDArray[np.bool_] = pose.score >= SEEN
    return sure if pose.outside is None else sure & ~pose.outside


@cache
def _falloff(skeleton: Skeleton) -> NDArray[np.float64]:
    names = [name.removeprefix("left_").removeprefix("right_") for name in skeleton.joints]
    return np.array([_FALLOFF.get(name, 0.158) for name in names])
