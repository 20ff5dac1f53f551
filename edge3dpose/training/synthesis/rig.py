"""Which bone follows which motion segment, and which bones carry the 17 joints."""

from __future__ import annotations

_NAMES = (
    "pelvis lowerback upperback thorax neck head lclav luarm lfarm lhand rclav ruarm rfarm rhand "
    "lthigh lshin lfoot ltoe rthigh rshin rfoot rtoe"
)
SEGMENTS = tuple(_NAMES.split())
SEGMENT_PARENTS = (-1, 0, 1, 2, 3, 4, 3, 6, 7, 8, 3, 10, 11, 12, 0, 14, 15, 16, 0, 18, 19, 20)
SEGMENT_MIRROR = (0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 6, 7, 8, 9, 18, 19, 20, 21, 14, 15, 16, 17)

# Bone name without its side -> (segment, segment, share of the second). First match wins.
_TRUNK = {
    "root": ("pelvis", "pelvis", 0.0),
    "pelvis": ("pelvis", "pelvis", 0.0),
    "spine05": ("pelvis", "lowerback", 0.5),
    "spine04": ("lowerback", "lowerback", 0.0),
    "spine03": ("lowerback", "upperback", 0.6),
    "spine02": ("upperback", "thorax", 0.4),
    "spine01": ("thorax", "thorax", 0.0),
    "neck01": ("thorax", "neck", 0.4),
    "neck02": ("neck", "neck", 0.0),
    "neck03": ("neck", "head", 0.4),
    "head": ("head", "head", 0.0),
    "eye": ("head", "head", 0.0),
}
_LIMBS = {
    "upperleg": "thigh",
    "lowerleg": "shin",
    "foot": "foot",
    "toe": "toe",
    "clavicle": "clav",
    "shoulder": "clav",
    "upperarm": "uarm",
    "lowerarm": "farm",
    "wrist": "hand",
    "finger": "hand",
    "metacarpal": "hand",
}

# Bones whose heads are the joints, in the order of skeletons.H36M17; pelvis is the middle of the
# hips and head_top the highest vertex at rest, so both are None here.
JOINT_BONES: tuple[str | None, ...] = (
    None,
    "upperleg01.R",
    "lowerleg01.R",
    "foot.R",
    "upperleg01.L",
    "lowerleg01.L",
    "foot.L",
    "spine03",
    "neck01",
    "head",
    None,
    "upperarm01.L",
    "lowerarm01.L",
    "wrist.L",
    "upperarm01.R",
    "lowerarm01.R",
    "wrist.R",
)

# Segments that the body's rest pose (an A) must be turned for, to stand in the motion's T-pose:
# bone where it starts, bone where it ends, direction in the T-pose (y up, facing +z, left +x).
T_POSE = {
    "luarm": ("upperarm01.L", "lowerarm01.L", (1.0, 0.0, 0.0)),
    "lfarm": ("lowerarm01.L", "wrist.L", (1.0, 0.0, 0.0)),
    "lhand": ("wrist.L", "finger3-1.L", (1.0, 0.0, 0.0)),
    "ruarm": ("upperarm01.R", "lowerarm01.R", (-1.0, 0.0, 0.0)),
    "rfarm": ("lowerarm01.R", "wrist.R", (-1.0, 0.0, 0.0)),
    "rhand": ("wrist.R", "finger3-1.R", (-1.0, 0.0, 0.0)),
    "lthigh": ("upperleg01.L", "lowerleg01.L", (0.0, -1.0, 0.0)),
    "lshin": ("lowerleg01.L", "foot.L", (0.0, -1.0, 0.0)),
    "rthigh": ("upperleg01.R", "lowerleg01.R", (0.0, -1.0, 0.0)),
    "rshin": ("lowerleg01.R", "foot.R", (0.0, -1.0, 0.0)),
}


def segments_of(bone: str) -> tuple[int, int, float]:
    """The two segments a bone follows and the share of the second."""
    stem, _, side = bone.partition(".")
    if stem in _TRUNK:
        first, second, share = _TRUNK[stem]
        return SEGMENTS.index(first), SEGMENTS.index(second), share
    limb = next(limb for start, limb in _LIMBS.items() if stem.startswith(start))
    index = SEGMENTS.index(side.lower() + limb)
    return index, index, 0.0
