"""Joint sets (skeletons)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A joint set: names, the tree that joins them, and left-right pairs.

    name     how files and models call it, such as ``h36m17``
    joints   (J,) names, in the order of every (J, ...) array
    parents  (J,) index of each joint's parent, -1 for the root
    mirror   (J,) index of the joint that each becomes when the image is flipped
    root     index of the joint that root-relative coordinates start from
    roots    joints whose middle they start from instead, where the root is no joint of the set
    links    bones beside the tree, as pairs of joints: a drawing shows them too
    h36m17   for each joint of h36m17 the joints it is a weighted sum of, as (index, weight); None
             where there is no such map, and for h36m17 itself
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    root: int = 0
    roots: tuple[int, ...] = ()
    links: tuple[tuple[int, int], ...] = ()
    h36m17: tuple[tuple[tuple[int, float], ...], ...] | None = None

    def index(self, joint: str) -> int:
        """Index of a joint by its name; KeyError lists the names there are."""
        if joint not in self.joints:
            raise KeyError(f"{self.name} has no joint {joint!r}; it has {', '.join(self.joints)}")
        return self.joints.index(joint)


H36M17 = Skeleton(
    name="h36m17",
    joints=(
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "spine",
        "thorax",
        "neck",
        "head_top",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
    ),
    parents=(-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15),
    mirror=(0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13),
)

# Mean length of the bone that ends in each joint of h36m17, mm: of the people that are rendered
_BONES_MM = (0, 111, 393, 428, 111, 393, 428, 164, 394, 103, 154, 195, 261, 231, 195, 261, 231)


def length_mm(start: int, end: int) -> int:
    """Length of an adult from a joint of h36m17 to one below it in the tree, summed over bones."""
    total = 0
    while end != start:
        assert end != H36M17.root, "the first joint must lie above the second"
        total += _BONES_MM[end]
        end = H36M17.parents[end]
    return total


def trunk(joints: NDArray) -> NDArray:
    """Vector from the pelvis to the thorax: (..., 17, D) of h36m17 -> (..., D)."""
    return joints[..., H36M17.joints.index("thorax"), :] - joints[..., H36M17.root, :]


def has_h36m17(skeleton: Skeleton) -> bool:
    """Whether the joints of h36m17 can be had from a joint set."""
    return skeleton == H36M17 or skeleton.h36m17 is not None


def to_h36m17(points: NDArray, skeleton: Skeleton) -> NDArray:
    """Positions (..., J, D) of a joint set -> (..., 17, D); ValueError where there is no map."""
    if skeleton == H36M17:
        return points
    return np.asarray(_weights(skeleton) @ points, points.dtype)


def score_to_h36m17(score: NDArray, skeleton: Skeleton) -> NDArray:
    """Scores (..., J) -> (..., 17): of a joint made of several, the least of theirs."""
    if skeleton == H36M17:
        return score
    made_of = _weights(skeleton) != 0
    return np.where(made_of, score[..., None, :], np.inf).min(axis=-1).astype(score.dtype)


def root_of(points: NDArray, skeleton: Skeleton) -> NDArray:
    """The root of positions (..., J, D): (..., D)."""
    if skeleton.roots:
        return points[..., list(skeleton.roots), :].mean(axis=-2)
    return points[..., skeleton.root, :]


def trunk_of(points: NDArray, skeleton: Skeleton) -> NDArray:
    """Vector from the pelvis to the thorax of any joint set: (..., J, D) -> (..., D).

    Zero where there is no map to h36m17.
    """
    if not has_h36m17(skeleton):
        return np.zeros_like(points[..., 0, :])
    return trunk(to_h36m17(points, skeleton))


def middle_of(points: NDArray, skeleton: Skeleton) -> NDArray:
    """Middle of the trunk, or of all joints without a map to h36m17: (..., J, D) -> (..., D)."""
    if not has_h36m17(skeleton):
        return points.mean(axis=-2)
    mapped = to_h36m17(points, skeleton)
    return (mapped[..., H36M17.root, :] + mapped[..., H36M17.joints.index("thorax"), :]) / 2


@cache
def _weights(skeleton: Skeleton) -> NDArray[np.float64]:
    """(17, J) of the map."""
    if skeleton.h36m17 is None:
        raise ValueError(f"{skeleton.name} has no map to {H36M17.name}")
    weights = np.zeros((len(H36M17.joints), len(skeleton.joints)))
    for row, parts in enumerate(skeleton.h36m17):
        for joint, weight in parts:
            weights[row, joint] += weight
    return weights


def lean_rad(pixels: NDArray) -> float:
    """Angle of the trunk in an image, clockwise, 0 upright: (17, 2) pixels -> radians."""
    across, down = trunk(pixels)
    return math.atan2(float(across), -float(down))
