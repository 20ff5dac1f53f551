"""Draws docs/angles.png: each joint angle at rest (grey) and larger (coloured).

python benchmarks/angle_figure.py docs/angles.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.kinematics.angles import DEFINITIONS
from edge3dpose.kinematics.posed import PosedSkeleton
from edge3dpose.kinematics.rig import adult_rig
from edge3dpose.shape.skeleton import BONES
from edge3dpose.skeletons import H36M17

X, Y, Z = np.eye(3)  # left, up, forward
SIDE, FRONT, TOP = (
    (2, 1),
    (0, 1),
    (0, 2),
)  # axes across and up; from its left, from the front, above
ARMS = {"left_upper_arm": (Z, -90.0), "right_upper_arm": (Z, 90.0)}
SHOWN = {  # angle: what is turned, and from where it is seen
    "knee_flexion": ({"left_shin": (X, 60)}, SIDE),
    "hip_flexion": ({"left_thigh": (X, -60)}, SIDE),
    "hip_abduction": ({"left_thigh": (Z, 35)}, FRONT),
    "elbow_flexion": ({"left_forearm": (Y, -70)}, SIDE),
    "shoulder_flexion": ({"left_upper_arm": (Y, -90)}, SIDE),
    "shoulder_abduction": ({"left_upper_arm": (Z, -20)}, FRONT),
    "trunk_lean": ({"hips": (X, 35)}, SIDE),
    "trunk_side_bend": ({"hips": (Z, 25)}, FRONT),
    "trunk_twist": ({"chest": (Y, 30)}, TOP),
    "neck_flexion": ({"neck": (X, 40)}, SIDE),
    "neck_side_bend": ({"neck": (Z, 30)}, FRONT),
    "pelvis_obliquity": ({"hips": (Z, -15)}, FRONT),
    "pelvis_rotation": ({"hips": (Y, 40)}, TOP),
}


def joints(bones: dict[str, tuple[NDArray, float]]) -> NDArray[np.float64]:
    """(17, 3) of a standing person with bones turned."""
    world = np.tile(rotations.IDENTITY, (len(BONES), 1))
    for n, bone in enumerate(BONES):
        axis, degrees = {**ARMS, **bones}.get(bone.name, (X, 0.0))
        turn = rotations.about(axis, degrees)
        world[n] = turn if bone.parent < 0 else rotations.multiply(world[bone.parent], turn)
    local = world.copy()
    return PosedSkeleton(adult_rig(), np.zeros((1, 3)), local[None], world[None]).joints_mm()[0]


def main(out: Path) -> None:
    """Draw them."""
    assert list(SHOWN) == [angle.name for angle in DEFINITIONS]
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    axes = figure.subplots(2, 7).ravel()
    for axis, angle in zip(axes, DEFINITIONS, strict=False):
        bones, view = SHOWN[angle.name]
        for of, colour, width in ((joints({}), "0.75", 2.0), (joints(bones), "tab:blue", 2.4)):
            for n, parent in enumerate(H36M17.parents):
                if parent >= 0:
                    left = H36M17.joints[n].startswith("left") and colour != "0.75"
                    ends = of[[parent, n]][:, view]
                    axis.plot(*ends.T, color="tab:red" if left else colour, linewidth=width)
        seen = {SIDE: "from the left", FRONT: "from the front", TOP: "from above"}[view]
        axis.set_title(f"{angle.name}\n+ {angle.positive}", fontsize=9)
        axis.set_xlabel(seen, fontsize=8)
        axis.set_aspect("equal")
        axis.set_xlim((-700, 700) if view != SIDE else (900, -900))
        axis.set_ylim((-950, 900) if view != TOP else (700, -700))
        axis.set_xticks([])
        axis.set_yticks([])
    for axis in axes[len(DEFINITIONS) :]:
        axis.set_visible(False)
    figure.suptitle("grey: 0; red: the person's left", fontsize=9)
    figure.savefig(out, dpi=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
