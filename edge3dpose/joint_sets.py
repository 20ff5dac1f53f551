"""The joint sets of other data sets and networks, by the name that files and model specs use.

COCO's 17, Halpe's 26 and COCO-WholeBody's 133, MPII's 16, BlazePose's 33. Each has a map to h36m17:
what a data set has not (the spine, the top of the head) lies between or beyond what it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge3dpose.skeletons import H36M17, Skeleton

Parts = Mapping[str, float]

_LIMBS = ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")

_BODY = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear"),
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
)
_BODY_PARENTS = {
    **{"left_eye": "nose", "right_eye": "nose", "left_ear": "left_eye", "right_ear": "right_eye"},
    **{f"{side}_shoulder": f"{side}_ear" for side in ("left", "right")},
    **{f"{side}_elbow": f"{side}_shoulder" for side in ("left", "right")},
    **{f"{side}_wrist": f"{side}_elbow" for side in ("left", "right")},
    **{f"{side}_hip": f"{side}_shoulder" for side in ("left", "right")},
    **{f"{side}_knee": f"{side}_hip" for side in ("left", "right")},
    **{f"{side}_ankle": f"{side}_knee" for side in ("left", "right")},
}
_BODY_LINKS = (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))
_FEET_PARENTS = {
    f"{side}_{part}": f"{side}_ankle"
    for side in ("left", "right")
    for part in ("big_toe", "small_toe", "heel")
}


def mirror_of(joints: tuple[str, ...], pairs: Iterable[tuple[int, int]] = ()) -> tuple[int, ...]:
    """What each joint becomes in a mirror: left_x and right_x, and other pairs, change places."""
    order = {name: n for n, name in enumerate(joints)}
    mirror = [order.get(_other_side(name), n) for n, name in enumerate(joints)]
    for a, b in pairs:
        mirror[a], mirror[b] = b, a
    return tuple(mirror)


def _other_side(name: str) -> str:
    if name.startswith("left_"):
        return f"right_{name.removeprefix('left_')}"
    return f"left_{name.removeprefix('right_')}" if name.startswith("right_") else name


def _limbs() -> dict[str, Parts]:
    """What h36m17 shares with every set: limbs, and the middles of hips and shoulders."""
    limbs = {f"{s}_{part}": {f"{s}_{part}": 1.0} for s in ("left", "right") for part in _LIMBS}
    return {**limbs, "pelvis": _middle("hip"), "thorax": _middle("shoulder"),
            "spine": {**_middle("hip", 0.25), **_middle("shoulder", 0.25)}}  # fmt: skip


def _middle(part: str, each: float = 0.5) -> dict[str, float]:
    return {f"left_{part}": each, f"right_{part}": each}


def _by_ears() -> dict[str, Parts]:
    """Neck and top of the head on the line from the middle of the shoulders to that of the ears."""
    neck = {**_middle("shoulder", 0.225), **_middle("ear", 0.275)}
    return {"neck": neck, "head_top": {**_middle("shoulder", -0.2), **_middle("ear", 0.7)}}


def map_of(joints: tuple[str, ...], parts: Mapping[str, Parts]) -> tuple:
    """Weights by name -> Skeleton.h36m17."""
    index = joints.index
    return tuple(
        tuple((index(name), weight) for name, weight in parts[joint].items())
        for joint in H36M17.joints
    )


def _links(
    joints: tuple[str, ...], pairs: Iterable[tuple[str, str]]
) -> tuple[tuple[int, int], ...]:
    return tuple((joints.index(a), joints.index(b)) for a, b in pairs)


def _parents(joints: tuple[str, ...], by_name: Mapping[str, str]) -> tuple[int, ...]:
    return tuple(joints.index(by_name[name]) if name in by_name else -1 for name in joints)


def _hips(joints: tuple[str, ...]) -> tuple[int, int]:
    return joints.index("left_hip"), joints.index("right_hip")


COCO17 = Skeleton(
    name="coco17",
    joints=_BODY,
    parents=_parents(_BODY, _BODY_PARENTS),
    mirror=mirror_of(_BODY),
    roots=_hips(_BODY),
    links=_links(_BODY, _BODY_LINKS),
    h36m17=map_of(_BODY, {**_limbs(), **_by_ears()}),
)

_MPII = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder"),
    *("left_shoulder", "left_elbow", "left_wrist"),
)
MPII16 = Skeleton(
    name="mpii16",
    joints=_MPII,
    parents=_parents(
        _MPII,
        {
            **{name: parent for name, parent in _BODY_PARENTS.items() if name in _MPII},
            **{"left_hip": "pelvis", "right_hip": "pelvis", "thorax": "pelvis"},
            **{"left_shoulder": "thorax", "right_shoulder": "thorax"},
            **{"upper_neck": "thorax", "head_top": "upper_neck"},
        },
    ),
    mirror=mirror_of(_MPII),
    root=_MPII.index("pelvis"),
    h36m17=map_of(
        _MPII,
        {
            **_limbs(),
            **{name: {name: 1.0} for name in ("pelvis", "thorax", "head_top")},
            "spine": {"pelvis": 0.5, "thorax": 0.5},
            "neck": {"upper_neck": 1.0},
        },
    ),
)

_HALPE = (
    *_BODY,
    *("head", "neck", "hip"),
    *("left_big_toe", "right_big_toe", "left_small_toe", "right_small_toe"),
    *("left_heel", "right_heel"),
)
HALPE26 = Skeleton(
    name="halpe26",
    joints=_HALPE,
    parents=_parents(
        _HALPE,
        {
            **_BODY_PARENTS,
            **_FEET_PARENTS,
            **{"left_hip": "hip", "right_hip": "hip", "neck": "hip", "head": "neck"},
            **{"left_shoulder": "neck", "right_shoulder": "neck"},
        },
    ),
    mirror=mirror_of(_HALPE),
    root=_HALPE.index("hip"),
    h36m17=map_of(
        _HALPE,
        {
            **_limbs(),
            "neck": {**_middle("shoulder", 0.3), "head": 0.4},
            "head_top": {"head": 1.0},
        },
    ),
)

_BLAZE = (
    *("nose", "left_eye_inner", "left_eye", "left_eye_outer"),
    *("right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear"),
    *("left_mouth", "right_mouth"),
    *_BODY[5:11],
    *("left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb"),
    *_BODY[11:],
    *("left_heel", "right_heel", "left_foot_index", "right_foot_index"),
)
BLAZEPOSE33 = Skeleton(
    name="blazepose33",
    joints=_BLAZE,
    parents=_parents(
        _BLAZE,
        {
            **{name: parent for name, parent in _BODY_PARENTS.items() if "shoulder" not in name},
            **{f"{s}_eye_inner": "nose" for s in ("left", "right")},
            **{f"{s}_eye": f"{s}_eye_inner" for s in ("left", "right")},
            **{f"{s}_eye_outer": f"{s}_eye" for s in ("left", "right")},
            **{f"{s}_ear": f"{s}_eye_outer" for s in ("left", "right")},
            **{f"{s}_{p}": f"{s}_wrist" for s in ("left", "right")
               for p in ("pinky", "index", "thumb")},
            **{f"{s}_heel": f"{s}_ankle" for s in ("left", "right")},
            **{f"{s}_foot_index": f"{s}_heel" for s in ("left", "right")},
        },
    ),
    mirror=mirror_of(_BLAZE),
    roots=_hips(_BLAZE),
    links=_links(_BLAZE, (*_BODY_LINKS, ("left_mouth", "right_mouth"))),
    h36m17=map_of(_BLAZE, {**_limbs(), **_by_ears()}),
)  # fmt: skip

_FACE = tuple(f"face_{n:02d}" for n in range(68))
_HAND = tuple(f"hand_{n:02d}" for n in range(21))  # 0 its root, then four of each finger
_WHOLE = (
    *_BODY,
    *(f"{s}_{p}" for s in ("left", "right") for p in ("big_toe", "small_toe", "heel")),
    *_FACE,
    *(f"{s}_{name}" for s in ("left", "right") for name in _HAND),
)
_FACE_MIRROR = (  # of the 68 marks: jaw, brows, nose, eyes, mouth
    *((n, 16 - n) for n in range(8)),
    *((17 + n, 26 - n) for n in range(5)),
    *((31 + n, 35 - n) for n in range(2)),
    *((36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)),
    *((48 + n, 54 - n) for n in range(3)),
    *((55 + n, 59 - n) for n in range(2)),
    *((60 + n, 64 - n) for n in range(2)),
    *((65, 67),),
)
_FACE_LINES = ((0, 16), (17, 21), (22, 26), (27, 30), (31, 35), (36, 41), (42, 47), (48, 59),
               (60, 67))  # fmt: skip


def _hand_parents() -> dict[str, str]:
    found = {}
    for side in ("left", "right"):
        found[f"{side}_hand_00"] = f"{side}_wrist"
        for n in range(1, 21):
            found[f"{side}_hand_{n:02d}"] = f"{side}_hand_{0 if n % 4 == 1 else n - 1:02d}"
    return found


COCO_WHOLEBODY133 = Skeleton(
    name="coco-wholebody133",
    joints=_WHOLE,
    parents=_parents(
        _WHOLE,
        {
            **_BODY_PARENTS,
            **_FEET_PARENTS,
            **{_FACE[n]: _FACE[n - 1] for a, b in _FACE_LINES for n in range(a + 1, b + 1)},
            **_hand_parents(),
        },
    ),
    mirror=mirror_of(_WHOLE, [(23 + a, 23 + b) for a, b in _FACE_MIRROR]),
    roots=_hips(_WHOLE),
    links=_links(_WHOLE, _BODY_LINKS),
    h36m17=map_of(_WHOLE, {**_limbs(), **_by_ears()}),
)

SKELETONS = {  # by the name that files use
    one.name: one for one in (H36M17, COCO17, MPII16, HALPE26, BLAZEPOSE33, COCO_WHOLEBODY133)
}
