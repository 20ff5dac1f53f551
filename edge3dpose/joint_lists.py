"""Joint sets that a file lists: in the header of a poses file, or in a model's spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edge3dpose.joint_sets import SKELETONS, Parts, map_of, mirror_of
from edge3dpose.skeletons import H36M17, Skeleton

MOST_JOINTS = 256


def header_of_skeleton(skeleton: Skeleton) -> dict:
    """What the header of a poses file says of a joint set; all of it, where it is no known one."""
    facts: dict = {"skeleton": skeleton.name, "joints": list(skeleton.joints)}
    if SKELETONS.get(skeleton.name) == skeleton:
        return facts
    return facts | {
        "parents": list(skeleton.parents),
        "mirror": list(skeleton.mirror),
        "root": list(skeleton.roots) or [skeleton.root],
        "links": [list(pair) for pair in skeleton.links],
    }


def skeleton_of_header(header: Mapping) -> Skeleton:
    """The joint set that a header tells of; ValueError for one that cannot be."""
    name, joints = header.get("skeleton"), header.get("joints")
    known = SKELETONS.get(str(name))
    if known is not None and joints == list(known.joints):
        return known
    if known is not None or "parents" not in header:
        raise ValueError(f"has skeleton {str(name)[:40]!r}, which is not known here")
    return listed_skeleton(str(name)[:40], header)


def listed_skeleton(name: str, listed: Mapping) -> Skeleton:
    """A joint set by its lists; ValueError for what cannot be.

    listed  joints (names), parents (an index each, -1 for none), mirror (an index each), root (one
            index, or those whose middle is the root), links (pairs of indices)
    """
    joints = tuple(_names(listed.get("joints")))
    J = len(joints)
    parents = tuple(_indices("parents", listed.get("parents"), J, J, least=-1))
    mirror = tuple(_indices("mirror", listed.get("mirror", list(mirror_of(joints))), J, J))
    roots = tuple(_indices("root", listed.get("root", [0]), J))
    pairs = listed.get("links", [])
    if not isinstance(pairs, list) or len(pairs) > MOST_JOINTS:
        raise ValueError("links is no list of pairs")
    links = tuple((a, b) for a, b in (_indices("links", pair, J, 2) for pair in pairs))
    if not roots:
        raise ValueError("root names no joint")
    if any(mirror[other] != n for n, other in enumerate(mirror)):
        raise ValueError("mirror is no exchange of pairs")
    for start in range(J):
        joint, steps = start, 0
        while (joint := parents[joint]) >= 0:
            steps += 1
            if steps > J:
                raise ValueError("parents go in a circle")
    several = roots if len(roots) > 1 else ()
    return Skeleton(name, joints, parents, mirror, roots[0], several, links)


def with_map(skeleton: Skeleton, names: Mapping[str, Parts]) -> Skeleton:
    """A joint set with a map to h36m17: for each of its joints the weights of joints here."""
    missing = [joint for joint in H36M17.joints if joint not in names]
    unknown = [one for parts in names.values() for one in parts if one not in skeleton.joints]
    if missing or unknown:
        raise ValueError(f"the map to h36m17 {'lacks' if missing else 'names'} "
                         f"{(missing or unknown)[0]}")  # fmt: skip
    return replace(skeleton, h36m17=map_of(skeleton.joints, names))


def _names(value: object) -> list[str]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_JOINTS:
        raise ValueError(f"joints is no list of 1 to {MOST_JOINTS} names")
    if not all(isinstance(one, str) and 0 < len(one) <= 60 for one in value):
        raise ValueError("joints has an entry that is no name")
    if len(set(value)) < len(value):
        raise ValueError("joints has a name twice")
    return value


def _indices(
    what: str, value: object, joints: int, count: int | None = None, *, least: int = 0
) -> list[int]:
    if not isinstance(value, list) or len(value) != (count or len(value)) or len(value) > joints:
        raise ValueError(f"{what} is {str(value)[:40]}, wanted {count or 'some'} indices of joints")
    if not all(type(one) is int and least <= one < joints for one in value):
        raise ValueError(f"{what} has an entry that is no index of a joint")
    return value
