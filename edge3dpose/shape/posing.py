"""Joints over time -> how the bones of a body turn: rotations for an animation.

The rules: hips turn as the line between the hip joints and the direction to the spine say; the
chest by the shoulders and the direction to the thorax. Every other bone swings the shortest way
from its parent's turn to the direction of its joints. Thighs and upper arms also twist until the
knee or elbow bends in the plane in which it is seen to bend, the more the more it bends; where it
is straight, or the plane would need a twist that no body has, they keep the parent's twist. The
twist is averaged over neighbouring frames. Hands and feet follow forearm and shin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.rotations import between, inverse, multiply, rotate
from edge3dpose.shape.body import RestBody
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17

BENT_DEG = (12.0, 35.0)  # of an elbow or knee: from there on its plane counts, and counts fully
TWIST_DEG = {"upper_arm": (95.0, 130.0), "thigh": (50.0, 80.0)}  # to there, and no farther
TWIST_S = 0.25  # over which a twist is averaged, before and after
CHAIN = {"upper_arm": "forearm", "thigh": "shin"}  # bones that twist, and what bends on them

TO_Y_UP = np.array([1.0, -1.0, -1.0])  # camera axes (x right, y down, z forward) -> y up, z back


@dataclass(frozen=True, eq=False)
class Motion:
    """The bones of shape.skeleton.BONES over time, y up, millimetres."""

    turns: NDArray[np.float64]  # (F, B, 4) quaternions w x y z against the parent bone
    root_mm: NDArray[np.float64]  # (F, 3) of the pelvis


def motion_of(joints_mm: NDArray, root_mm: NDArray, rest: RestBody, fps: float = 30.0) -> Motion:
    """Joints (F, 17, 3) and roots (F, 3) in camera axes, mm -> the motion of a body.

    fps  about so many frames are a second
    The camera is the origin, y points up in the picture. Unknown roots (NaN) are at the origin.
    """
    points = np.asarray(joints_mm, float) * TO_Y_UP
    root = np.nan_to_num(np.asarray(root_mm, float), nan=0.0) * TO_Y_UP
    window = np.hanning(2 * round(TWIST_S * fps) + 3)[1:-1]
    world = _world_turns(points, rest.joints_mm, window)
    local = world.copy()
    for n, bone in enumerate(BONES):
        if bone.parent >= 0:
            local[:, n] = multiply(inverse(world[:, bone.parent]), world[:, n])
    return Motion(_steady_sign(local), root)


def _world_turns(points: NDArray, rest: NDArray, window: NDArray) -> NDArray[np.float64]:
    """(F, B, 4) how each bone is turned from rest.

    window  weights of neighbouring frames in the mean of a twist
    """
    turns = np.zeros((len(points), len(BONES), 4))
    for n, bone in enumerate(BONES):
        parent = turns[:, bone.parent]
        if bone.name == "hips":
            turns[:, n] = _frame_turn(points, rest, ("right_hip", "left_hip"), ("pelvis", "spine"))
        elif bone.name == "chest":
            sides = ("right_shoulder", "left_shoulder")
            turns[:, n] = _frame_turn(points, rest, ("spine", "thorax"), sides)
        elif bone.tail is None:
            turns[:, n] = parent
        else:
            turns[:, n] = _swung(parent, rest, points, (bone.head, bone.tail))
            side, _, part = bone.name.partition("_")
            if part in CHAIN:
                below = BONES[BONE_NAMES.index(f"{side}_{CHAIN[part]}")]
                assert below.tail is not None
                chain = (bone.head, bone.tail, below.tail)
                now = rotate(turns[:, n], _rest_hinge(rest, chain, part))
                upper, twist = _twist_seen(points, chain, now, TWIST_DEG[part])
                twist = _averaged(twist, window)
                turns[:, n] = multiply(rotations.about(upper, twist), turns[:, n])
    return turns


def _frame_turn(
    points: NDArray, rest: NDArray, first: tuple[str, str], second: tuple[str, str]
) -> NDArray[np.float64]:
    """The turn that takes one direction at rest exactly to where it is seen, another nearly."""

    def steps(of: NDArray, ends: tuple[str, str]) -> NDArray:
        start, end = (H36M17.index(name) for name in ends)
        return _unit(of[..., end, :] - of[..., start, :])

    seen = _axes(steps(points, first), steps(points, second))
    return rotations.from_matrix(seen @ _axes(steps(rest, first), steps(rest, second)).T)


def _axes(first: NDArray, second: NDArray) -> NDArray:
    """(..., 3, 3) columns: first, across both, and what completes them."""
    across = _unit(np.cross(first, second))
    return np.stack([first, across, np.cross(first, across)], -1)


def _swung(parent: NDArray, rest: NDArray, points: NDArray, ends: tuple[int, int]) -> NDArray:
    """The parent's turn, then the shortest way to the direction that is seen."""
    start, end = ends
    before = rotate(parent, rest[end] - rest[start])
    return multiply(between(before, _unit(points[:, end] - points[:, start])), parent)


def _rest_hinge(rest: NDArray, chain: tuple[int, int, int], part: str) -> NDArray:
    """The axis that an elbow or knee bends about, at rest.

    Arms at rest are bent; legs are nearly straight: theirs points to the left.
    """
    upper = _unit(rest[chain[1]] - rest[chain[0]])
    lower = rest[chain[2]] - rest[chain[1]]
    axis = np.cross(upper, lower) if part == "upper_arm" else np.array([1.0, 0.0, 0.0])
    return _unit(axis - (axis @ upper) * upper)


def _twist_seen(
    points: NDArray, chain: tuple[int, int, int], hinge: NDArray, limits_deg: tuple[float, float]
) -> tuple[NDArray, NDArray]:
    """Directions of the upper bone (F, 3), and degrees that it twists about them (F,).

    hinge  (F, 3) where the axis of elbow or knee is without the twist
    """
    upper = _unit(points[:, chain[1]] - points[:, chain[0]])
    lower = _unit(points[:, chain[2]] - points[:, chain[1]])
    across = np.cross(upper, lower)
    bend = np.degrees(np.arctan2(np.linalg.norm(across, axis=-1), _dot(upper, lower)))
    twist = np.degrees(np.arctan2(_dot(np.cross(hinge, across), upper), _dot(hinge, across)))
    share = _ramp(bend, *BENT_DEG) * (1 - _ramp(np.abs(twist), *limits_deg))
    return upper, twist * share


def _averaged(values: NDArray, window: NDArray) -> NDArray[np.float64]:
    """(F,) with neighbours, by the weights of a window of odd length."""
    half = len(window) // 2

    def around(row: NDArray) -> NDArray:
        return np.convolve(row, window)[half : half + len(row)]

    return around(values) / around(np.ones(len(values)))


def _ramp(value: NDArray, low: float, high: float) -> NDArray:
    """0 up to low, 1 from high on, smooth between."""
    part = np.clip((value - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def _steady_sign(turns: NDArray) -> NDArray:
    """q and -q are one turn: the one nearer to the frame before, for players that interpolate."""
    turned = turns.copy()
    for frame in range(1, len(turned)):
        turned[frame, _dot(turned[frame], turned[frame - 1]) < 0] *= -1
    return turned


def _dot(a: NDArray, b: NDArray) -> NDArray:
    return (a * b).sum(-1)


def _unit(vectors: NDArray) -> NDArray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
