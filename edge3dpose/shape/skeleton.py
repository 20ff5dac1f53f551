"""The 19 bones of a body that the 17 joints can turn: names, tree, and the joints they lie on."""

from __future__ import annotations

from typing import NamedTuple

from edge3dpose.skeletons import H36M17


class BodyBone(NamedTuple):
    """A bone of the body. Its head is a joint; it turns what hangs on it."""

    name: str
    parent: int  # -1 for the first
    head: int  # joint of h36m17 that it turns about
    tail: int | None  # joint that it points at; None: it keeps its parent's turn


def _bones() -> tuple[BodyBone, ...]:
    tree = [
        ("hips", None, "pelvis", None),
        ("spine", "hips", "pelvis", "spine"),
        ("chest", "spine", "spine", "thorax"),
        ("neck", "chest", "thorax", "neck"),
        ("head", "neck", "neck", "head_top"),
    ]
    for side in ("left", "right"):
        tree += [
            (f"{side}_clavicle", "chest", "thorax", f"{side}_shoulder"),
            (f"{side}_upper_arm", f"{side}_clavicle", f"{side}_shoulder", f"{side}_elbow"),
            (f"{side}_forearm", f"{side}_upper_arm", f"{side}_elbow", f"{side}_wrist"),
            (f"{side}_hand", f"{side}_forearm", f"{side}_wrist", None),
            (f"{side}_thigh", "hips", f"{side}_hip", f"{side}_knee"),
            (f"{side}_shin", f"{side}_thigh", f"{side}_knee", f"{side}_ankle"),
            (f"{side}_foot", f"{side}_shin", f"{side}_ankle", None),
        ]
    names = [name for name, *_ in tree]
    index = H36M17.index
    return tuple(
        BodyBone(
            name,
            -1 if parent is None else names.index(parent),
            index(head),
            None if tail is None else index(tail),
        )
        for name, parent, head, tail in tree
    )


BONES = _bones()
BONE_NAMES = tuple(bone.name for bone in BONES)
BONE_PARENTS = tuple(bone.parent for bone in BONES)
