"""Joint sets (skeletons)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A joint set: names, the tree that joins them, and left-right pairs.

    name     how files and models call it, such as ``h36m17``
    joints   (J,) names, in the order of every (J, ...) array
    parents  (J,) index of each joint's parent, -1 for the root
    mirror   (J,) index of the joint that each becomes when the image is flipped
    root     index of the joint that root-relative coordinates start from
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    mirror: tuple[int, ...]
    root: int = 0

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

SKELETONS = {H36M17.name: H36M17}  # by the name that files use

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


def lean_rad(pixels: NDArray) -> float:
    """Angle of the trunk in an image, clockwise, 0 upright: (17, 2) pixels -> radians."""
    across, down = trunk(pixels)
    return math.atan2(float(across), -float(down))
