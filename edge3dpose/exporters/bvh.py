"""BVH: a skeleton of fixed bone lengths and its rotations. y up, centimetres, T-pose at rest.

Blender, MotionBuilder, Maya, Unity and Unreal (through them) read it. BVH has no gaps: the last
pose is held in them, which the line that is printed tells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose import rotations
from edge3dpose.errors import BadInput
from edge3dpose.exporters import ExporterPlugin, ExportRequest
from edge3dpose.exporters._clips import CLEANING, FLOOR, HEIGHT, clips_of
from edge3dpose.kinematics.clip import MotionClip
from edge3dpose.kinematics.rig import Rig
from edge3dpose.shape.skeleton import BONE_NAMES, BONES

CM_PER_MM = 0.1
NAMES = {  # as Mixamo and MotionBuilder call them, which retargeting tools know
    "hips": "Hips",
    "spine": "Spine",
    "chest": "Chest",
    "neck": "Neck",
    "head": "Head",
    "clavicle": "Shoulder",
    "upper_arm": "Arm",
    "forearm": "ForeArm",
    "hand": "Hand",
    "thigh": "UpLeg",
    "shin": "Leg",
    "foot": "Foot",
}


class BvhPlugin(ExporterPlugin):
    """--to bvh."""

    name = "bvh"
    suffix = ".bvh"
    summary = "skeleton and rotations of one person for Blender, Maya, game engines"
    options = (HEIGHT, *CLEANING, *FLOOR)

    def content(self, request: ExportRequest) -> tuple[bytes, str]:
        """The motion of one person."""
        (clip,) = clips_of(request)
        held = int((~clip.known).sum())
        said = f"{clip.text}{', the last pose is held in gaps' if held else ''}"
        return bvh(clip).encode("ascii"), said


def bone_name(bone: str) -> str:
    """left_upper_arm -> LeftArm."""
    side, _, part = bone.partition("_")
    return side.capitalize() + NAMES[part] if part else NAMES[bone]


def bvh(clip: MotionClip) -> str:
    """The file."""
    frames, posed = clip.posed()
    if not len(frames):
        raise BadInput(f"{clip.name} is in no frame: there is no motion to write")
    order = _depth_first(0)
    lines = ["HIERARCHY", *_joint(clip.rig, 0, 0), "MOTION", f"Frames: {len(clip.time_s)}"]
    lines.append(f"Frame Time: {1 / clip.rate_hz:.8f}")
    turns = zxy_deg(posed.local)[:, order].reshape(len(frames), -1)
    rows = np.concatenate([posed.root_mm * CM_PER_MM, turns], -1)
    last = np.maximum(np.searchsorted(frames, np.arange(len(clip.time_s)), "right") - 1, 0)
    lines += [" ".join(f"{value:.4f}" for value in row) for row in rows[last]]
    return "\n".join(lines) + "\n"


def zxy_deg(turns: NDArray) -> NDArray[np.float64]:
    """Turns (F, B, 4) -> degrees (F, B, 3) about z, then x, then y, without jumps over time."""
    m = rotations.matrix(turns)
    x = np.arcsin(np.clip(m[..., 2, 1], -1, 1))
    z = np.arctan2(-m[..., 0, 1], m[..., 1, 1])
    y = np.arctan2(-m[..., 2, 0], m[..., 2, 2])
    one = np.degrees(np.stack([z, x, y], -1))
    other = np.array([180.0, 180.0, 180.0]) + one * [1, -1, 1]  # the same turn
    out = one.copy()
    for frame in range(1, len(out)):
        near = [option[frame] - _whole(option[frame] - out[frame - 1]) for option in (one, other)]
        far = [np.abs(angles - out[frame - 1]).sum(-1) for angles in near]
        out[frame] = np.where((far[0] <= far[1])[:, None], near[0], near[1])
    return out


def _whole(degrees: NDArray) -> NDArray:
    return 360 * np.round(degrees / 360)


def _children(n: int) -> list[int]:
    return [m for m, bone in enumerate(BONES) if bone.parent == n]


def _depth_first(n: int) -> list[int]:
    return [n, *(below for child in _children(n) for below in _depth_first(child))]


def _joint(rig: Rig, n: int, depth: int) -> list[str]:
    space, inner = "  " * depth, "  " * (depth + 1)
    place = "Xposition Yposition Zposition " if depth == 0 else ""
    lines = [
        f"{space}{'JOINT' if depth else 'ROOT'} {bone_name(BONE_NAMES[n])}",
        f"{space}{{",
        f"{inner}OFFSET {_numbers(rig.offsets_mm[n])}",
        f"{inner}CHANNELS {6 if place else 3} {place}Zrotation Xrotation Yrotation",
    ]
    children = _children(n)
    for child in children:
        lines += _joint(rig, child, depth + 1)
    if not children:
        tip = _numbers(rig.tips_mm[n])
        lines += [f"{inner}End Site", f"{inner}{{", f"{inner}  OFFSET {tip}", f"{inner}}}"]
    return [*lines, f"{space}}}"]


def _numbers(offset_mm: NDArray) -> str:
    return " ".join(f"{value * CM_PER_MM:.4f}" for value in offset_mm)


PLUGIN = BvhPlugin()
