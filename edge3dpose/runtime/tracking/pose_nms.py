"""Pose NMS: of poses that are one person's, the surest stays.

Fang et al., RMPE (arXiv 1612.00137): poses are taken by confidence, and each eliminates those that
are too near to it by a distance between poses that weighs joints by how sure they are. Here the
distance is OKS over the joints that are seen, and it also sees a pose whose left and right are
exchanged, one that lies reversed on the same body, and a shrunken one within it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge3dpose.runtime.tracking.similarity import Shapes, oks, shapes, side_px
from edge3dpose.skeletons import trunk_of
from edge3dpose.types import Pose3D

SAME = 0.6  # OKS of two poses of one person; two who stand half a shoulder apart have less
TURNED_RAD = 1.05  # the trunks of a person and of a reversed ghost on that person differ by more
SHRUNKEN = 0.7  # of the other's size, and less
_NEAR = 0.35  # of the other's ROI, middle to middle; who is farther away is no ghost
_ON_BODY = 0.05  # of the other's ROI: a joint nearer than that to a bone lies on the body
_COVERED = 0.6  # share of the joints that lie on the body, of a reversed ghost
_WITHIN = 0.8  # of a shrunken one


def distinct(poses: Sequence[Pose3D], confidence: Sequence[float] | None = None) -> list[int]:
    """Which of N poses stay, in their order.

    confidence  (N,) the surest stays; None for the mean score of the joints that are seen
    """
    if len(poses) < 2:
        return list(range(len(poses)))
    seen = shapes(poses)
    alike = np.maximum(oks(seen, seen), oks(seen, seen.mirrored))
    sure = [pose.mean_score for pose in poses] if confidence is None else list(confidence)
    middle = seen.points.mean(axis=1)
    apart = np.linalg.norm(middle[:, None] - middle[None], axis=-1)
    near = apart <= _NEAR * seen.side[None]
    kept: list[int] = []
    for n in sorted(range(len(poses)), key=lambda n: -sure[n]):
        rivals = [m for m in kept if near[n, m]]
        if not any(alike[n, m] >= SAME or _ghost(seen, poses, n, m) for m in rivals):
            kept.append(n)
    return sorted(kept)


def _ghost(seen: Shapes, poses: Sequence[Pose3D], n: int, m: int) -> bool:
    """Whether pose n is a reversed or shrunken ghost on the body of pose m, which is surer."""
    one, other = (trunk_of(seen.points[k], seen.skeleton) for k in (n, m))
    length, size = float(np.linalg.norm(one)), float(np.linalg.norm(other))
    cosine = float(one @ other) / max(length * size, 1e-9)
    reversed_ = cosine < np.cos(TURNED_RAD) and min(length, size) > 0.08 * seen.side[m]
    shrunken = side_px(poses[n]) < SHRUNKEN * side_px(poses[m])
    if not (reversed_ or shrunken):
        return False
    return _on_body(seen, n, m) >= (_COVERED if reversed_ else _WITHIN)


def _on_body(seen: Shapes, n: int, m: int) -> float:
    """Share of the joints of pose n that lie on the body of pose m."""
    tree = seen.skeleton.parents
    ends = [(j, parent) for j, parent in enumerate(tree) if parent >= 0]
    a = seen.points[m][[j for j, _ in ends]]
    b = seen.points[m][[parent for _, parent in ends]]
    points = seen.points[n][seen.seen[n]]
    if not len(points):
        return 1.0
    return float((_to_segments(points, a, b).min(axis=1) < _ON_BODY * seen.side[m]).mean())


def _to_segments(points: NDArray, a: NDArray, b: NDArray) -> NDArray:
    """(P, 2) points and S segments (S, 2) to (S, 2) -> (P, S) distances."""
    along = b - a
    length = np.maximum((along**2).sum(-1), 1e-9)
    share = np.clip(((points[:, None] - a) * along).sum(-1) / length, 0, 1)
    return np.linalg.norm(points[:, None] - (a + share[..., None] * along), axis=-1)
