"""Joints over time -> a posed skeleton: how each bone turns against its parent. Twist never flips.

The rules (docs/kinematics.md): the hips turn as the line between the hip joints and the direction
to the spine say, the chest by the shoulders and the direction to the thorax. Every other bone
swings to the direction of its joints. 17 joints do not show the twist of a bone about itself:
where an elbow or knee bends, its plane shows the twist of the bone above; elsewhere the twist is
carried on from the frame before and goes back slowly to that of the shortest swing. So a bone turns
from frame to frame by no more than its direction does and MAX_TWIST_DEG_S allows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.kinematics.axes import Y_UP_FROM_OPENCV
from edge3dpose.kinematics.rig import Rig
from edge3dpose.rotations import inverse, multiply, rotate
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17

BENT_DEG = (12.0, 35.0)  # of an elbow or knee: from there on its plane counts, and counts fully
TWIST_DEG = {"upper_arm": (100.0, 140.0), "thigh": (60.0, 90.0)}  # planes beyond are not believed
TWIST_S = 0.1  # in which a twist follows the plane that is seen
REST_S = 1.0  # in which it goes back where no plane is seen
MAX_TWIST_DEG_S = 720.0
FORGET_S = 1.0  # after such a gap nothing is carried on
CHAIN = {"upper_arm": "forearm", "thigh": "shin"}  # bones whose twist is seen by what bends on them
CARRIED = (*CHAIN, *CHAIN.values())  # bones whose twist is carried from frame to frame

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PosedSkeleton:
    """The bones of a rig over time: x right in the picture, y up, z to the camera; mm.

    A person at rest looks along z, to the camera, and has the left hand at +x.

    rig      the skeleton at rest
    root_mm  (F, 3) of the hips
    local    (F, B, 4) w x y z: turn of each bone against its parent; of the hips, against rest
    world    (F, B, 4) turn of each bone from rest
    """

    rig: Rig
    root_mm: Floats
    local: Floats
    world: Floats

    def heads_mm(self) -> Floats:
        """(F, B, 3) where each bone begins: forward kinematics."""
        return heads_mm(self.rig, self.root_mm, self.world)

    def joints_mm(self) -> Floats:
        """(F, 17, 3) the joints of h36m17 by forward kinematics."""
        heads = self.heads_mm()
        joints = np.zeros((len(heads), len(H36M17.joints), 3))
        for n, bone in enumerate(BONES):
            if bone.tail is not None:
                joints[:, bone.tail] = heads[:, n] + rotate(self.world[:, n], self.rig.tips_mm[n])
        joints[:, H36M17.root] = heads[:, 0]
        for side in ("left", "right"):
            joints[:, H36M17.index(f"{side}_hip")] = heads[:, BONE_NAMES.index(f"{side}_thigh")]
        return joints


def heads_mm(rig: Rig, root_mm: NDArray, world: NDArray) -> Floats:
    """Where each bone begins (F, B, 3), of roots (F, 3) and turns from rest (F, B, 4)."""
    heads = np.zeros((*world.shape[:2], 3))
    for n, bone in enumerate(BONES):
        if bone.parent < 0:
            heads[:, n] = root_mm
        else:
            parent = bone.parent
            heads[:, n] = heads[:, parent] + rotate(world[:, parent], rig.offsets_mm[n])
    return heads


def y_up(camera_mm: NDArray) -> Floats:
    """Camera axes (x right, y down, z forward) -> those of posed skeletons."""
    return np.asarray(camera_mm, float) @ Y_UP_FROM_OPENCV


@dataclass
class Poser:
    """Poses the skeleton of one person, frame by frame or many frames at once.

    ``pose`` carries on from its last call, so that frames one by one give the same as all at once.
    """

    _swing: dict[int, Floats] = field(default_factory=dict)  # bone -> its last swing
    _twist: dict[int, float] = field(default_factory=dict)  # bone -> its last twist, radians
    _local: Floats | None = None
    _time_s: float | None = None

    def pose(
        self, rig: Rig, time_s: NDArray, joints_mm: NDArray, root_mm: NDArray | None = None
    ) -> PosedSkeleton:
        """Pose a skeleton.

        time_s     (F,) ascending
        joints_mm  (F, 17, 3) relative to the root joint, camera axes (OpenCV), mm
        root_mm    (F, 3) of the root joint; None or NaN puts it at the origin
        """
        time_s = np.asarray(time_s, float)
        points = y_up(joints_mm)
        root = np.zeros((len(points), 3)) if root_mm is None else y_up(root_mm)
        before = time_s[0] - FORGET_S - 1 if self._time_s is None else self._time_s
        steps_s = np.diff(time_s, prepend=before)
        world = np.zeros((len(points), len(BONES), 4))
        local = np.zeros_like(world)
        for n, bone in enumerate(BONES):
            if bone.parent < 0:
                local[:, n] = world[:, n] = _hips(points)
                continue
            parent = world[:, bone.parent]
            local[:, n] = self._bone(rig, n, points, parent, steps_s)
            world[:, n] = multiply(parent, local[:, n])
        local = self._steady(local)
        if len(time_s):
            self._time_s = float(time_s[-1])
        return PosedSkeleton(rig, np.nan_to_num(root, nan=0.0), local, world)

    def _bone(self, rig: Rig, n: int, points: Floats, parent: Floats, steps_s: Floats) -> Floats:
        """Turns against the parent (F, 4) of one bone."""
        bone = BONES[n]
        if bone.name == "chest":
            return multiply(inverse(parent), _chest(points))
        if bone.tail is None:
            return np.tile(rotations.IDENTITY, (len(points), 1))
        along = _unit(rig.tips_mm[n])
        seen = rotate(inverse(parent), _unit(points[:, bone.tail] - points[:, bone.head]))
        swing = rotations.between(along, seen)
        side, _, part = bone.name.partition("_")
        if part not in CARRIED:
            return swing
        share, plane = np.zeros(len(points)), np.zeros(len(points))
        if part in CHAIN:
            below = BONES[BONE_NAMES.index(f"{side}_{CHAIN[part]}")]
            assert below.tail is not None
            lower = _unit(points[:, below.tail] - points[:, below.head])
            lower = rotate(inverse(multiply(parent, swing)), lower)
            plane, share = _plane(along, lower, hinge(side, part), TWIST_DEG[part])
        twist = self._carried(n, swing, along, (plane, share), steps_s)
        return multiply(swing, rotations.about(along, twist))

    def _carried(
        self, n: int, swing: Floats, along: Floats, seen: tuple[Floats, Floats], steps_s: Floats
    ) -> Floats:
        """Twist over time, degrees (F,): carried on, and drawn to what is seen.

        seen  twist that the plane shows, radians (F,), and how much it is believed (F,)
        """
        last = self._swing.get(n)
        before = np.concatenate([swing[:1] if last is None else last[None], swing[:-1]])
        # A bone that turns the shortest way from frame to frame twists against the swings by this
        direction = rotate(swing, along)
        moved = multiply(rotations.between(rotate(before, along), direction), before)
        carried = _twist_about(along, multiply(inverse(swing), moved))
        (plane, share), angle = seen, self._twist.get(n, 0.0)
        # where the swing is nearly a half turn, its own twist means nothing
        rest = (1 - share) * (TWIST_S / REST_S) * (1 + direction @ along) / 2
        angles = np.zeros(len(swing))
        for frame, step_s in enumerate(steps_s):
            if step_s > FORGET_S or step_s < 0:
                angles[frame] = angle = float(share[frame] * plane[frame])
                continue
            angle = angle + float(carried[frame])
            total = float(share[frame] + rest[frame])
            to_plane, to_rest = _wrapped(float(plane[frame]) - angle), _wrapped(-angle)
            wanted = (share[frame] * to_plane + rest[frame] * to_rest) / max(total, 1e-9)
            most = np.radians(MAX_TWIST_DEG_S) * step_s
            change = wanted * (1 - np.exp(-total * step_s / TWIST_S))
            angle = _wrapped(angle + float(np.clip(change, -most, most)))
            angles[frame] = angle
        if len(swing):
            self._swing[n], self._twist[n] = swing[-1], angle
        return np.degrees(angles)

    def _steady(self, local: Floats) -> Floats:
        """q and -q are one turn: the one nearer to the frame before, for players that blend."""
        if not len(local):
            return local
        first = local[:1] if self._local is None else self._local[None]
        nearer = (np.concatenate([first, local[:-1]]) * local).sum(-1)
        local = local * np.cumprod(np.where(nearer < 0, -1.0, 1.0), 0)[..., None]
        self._local = local[-1]
        return local


def hinge(side: str, part: str) -> Floats:
    """The axis in the rest pose that the elbow or knee below a bone bends about."""
    if part == "thigh":
        return np.array([1.0, 0.0, 0.0])  # shins bend back
    return np.array([0.0, -1.0 if side == "left" else 1.0, 0.0])  # forearms bend forward


def _plane(
    along: Floats, lower: Floats, axis: Floats, limits_deg: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Twist that the plane of a bent joint shows, radians (F,), and its share 0 to 1 (F,).

    lower  (F, 3) direction of the lower bone, in the axes of the upper one before its twist
    """
    across = rotations.cross(along, lower)
    bend = np.degrees(np.arctan2(np.linalg.norm(across, axis=-1), lower @ along))
    twist = np.arctan2(across @ rotations.cross(along, axis), across @ axis)
    beyond = _ramp(np.abs(np.degrees(twist)), *limits_deg)
    return twist, _ramp(bend, *BENT_DEG) * (1 - beyond)


def _twist_about(along: Floats, turns: Floats) -> Floats:
    """The part of turns (F, 4) about an axis (3,), radians."""
    return _wrapped(2 * np.arctan2(turns[:, 1:] @ along, turns[:, 0]))


def _hips(points: Floats) -> Floats:
    side = _step(points, "right_hip", "left_hip")
    return _turn(side, _step(points, "pelvis", "spine"), first_is_side=True)


def _chest(points: Floats) -> Floats:
    side = _step(points, "right_shoulder", "left_shoulder")
    return _turn(side, _step(points, "spine", "thorax"), first_is_side=False)


def _turn(side: Floats, up: Floats, *, first_is_side: bool) -> Floats:
    """From rest to where x points to one side and y up; the first is taken exactly."""
    forward = _unit(rotations.cross(side, up))
    if first_is_side:
        up = rotations.cross(forward, side)
    else:
        side = rotations.cross(up, forward)
    return rotations.from_matrix(np.stack([side, up, forward], -1))


def _step(points: Floats, start: str, end: str) -> Floats:
    return _unit(points[:, H36M17.index(end)] - points[:, H36M17.index(start)])


def _unit(vectors: NDArray) -> Floats:
    return vectors / np.maximum(np.sqrt((vectors * vectors).sum(-1, keepdims=True)), 1e-9)


def _ramp(value: NDArray, low: float, high: float) -> Floats:
    """0 up to low, 1 from high on, smooth between."""
    part = np.clip((value - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def _wrapped(angle):  # type: ignore[no-untyped-def]  # a number or an array
    """Radians within half a turn."""
    return (angle + np.pi) % (2 * np.pi) - np.pi
