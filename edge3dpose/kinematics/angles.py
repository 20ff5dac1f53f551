"""Joint-centre angles in degrees: of bones against each other, the trunk or the vertical.

Each has a definition, a zero and a sign that do not depend on where the person faces
(docs/angles.md). They are angles between joint centres, not ISB angles: 17 joints show no axial
rotation of a limb and no foot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.kinematics.cleaning import runs
from edge3dpose.kinematics.floor import CAMERA_UP
from edge3dpose.skeletons import H36M17

SIDES = ("left", "right")
BACK_DEG = -90.0  # limbs' angles lie from there on over one turn: no limb goes to straight behind
FORGET_S = 1.0  # after such a gap an angle starts anew
LEAST_SINE = 0.42  # of a limb against the normal of a plane: nearer than 25 degrees has no angle

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Angle:
    """What an angle is.

    name      such as knee_flexion, without its side
    sided     there is one of the left and one of the right
    zero      when it is 0
    positive  what makes it larger
    usual_deg  what people reach, about
    """

    name: str
    sided: bool
    zero: str
    positive: str
    usual_deg: tuple[float, float]

    @property
    def names(self) -> tuple[str, ...]:
        """Its columns."""
        return tuple(f"{side}_{self.name}" for side in SIDES) if self.sided else (self.name,)


DEFINITIONS = (
    Angle("knee_flexion", True, "thigh and shin in line", "shin back", (0, 160)),
    Angle("hip_flexion", True, "thigh in line with the trunk", "thigh forward", (-30, 140)),
    Angle("hip_abduction", True, "thigh in the trunk's sagittal plane", "thigh outward", (-30, 60)),
    Angle("elbow_flexion", True, "upper arm and forearm in line", "forearm bent", (0, 155)),
    Angle("shoulder_flexion", True, "arm hangs along the trunk", "arm forward and up", (-60, 190)),
    Angle(
        "shoulder_abduction", True, "arm hangs along the trunk", "arm outward and up", (-40, 190)
    ),
    Angle("trunk_lean", False, "trunk upright", "forward", (-30, 120)),
    Angle("trunk_side_bend", False, "trunk upright", "to the right", (-50, 50)),
    Angle("trunk_twist", False, "shoulders above the hips", "shoulders to the left", (-60, 60)),
    Angle("neck_flexion", False, "head in line with the trunk", "forward", (-60, 70)),
    Angle("neck_side_bend", False, "head in line with the trunk", "to the right", (-45, 45)),
    Angle("pelvis_obliquity", False, "hips level", "right hip higher", (-30, 30)),
    Angle("pelvis_rotation", False, "facing the camera", "turned to the left", (-180, 180)),
)
NAMES = tuple(name for angle in DEFINITIONS for name in angle.names)


def joint_angles(joints_mm: NDArray, up: NDArray | None = None) -> dict[str, Floats]:
    """Angles by name, degrees (F,), of joints (F, 17, 3) in camera axes (OpenCV) from any origin.

    up  (3,) unit vector of the vertical; None takes the camera as level

    NaN where a joint is unknown, and where a plane's angle has no meaning: shoulder_flexion of an
    arm that points to the side, shoulder_abduction of one that points forward. Unwrapped over the
    frames: no angle jumps by a whole turn.
    """
    points = np.asarray(joints_mm, float)
    vertical = CAMERA_UP if up is None else np.asarray(up, float)
    place = {name: points[:, n] for n, name in enumerate(H36M17.joints)}
    hips = place["left_hip"] - place["right_hip"]
    shoulders = place["left_shoulder"] - place["right_shoulder"]
    middle = {
        part: (place[f"left_{part}"] + place[f"right_{part}"]) / 2 for part in ("hip", "shoulder")
    }
    trunk = _unit(middle["shoulder"] - middle["hip"])
    pelvis, chest = _Frame(hips, trunk), _Frame(shoulders, trunk)
    found: dict[str, Floats] = {}
    for side, outward in (("left", 1.0), ("right", -1.0)):
        thigh = _unit(place[f"{side}_knee"] - place[f"{side}_hip"])
        shin = _unit(place[f"{side}_ankle"] - place[f"{side}_knee"])
        arm = _unit(place[f"{side}_elbow"] - place[f"{side}_shoulder"])
        forearm = _unit(place[f"{side}_wrist"] - place[f"{side}_elbow"])
        found[f"{side}_knee_flexion"] = _between(thigh, shin)
        found[f"{side}_elbow_flexion"] = _between(arm, forearm)
        found[f"{side}_hip_flexion"] = _limb(_dot(thigh, pelvis.forward), -_dot(thigh, pelvis.up))
        sideways = np.clip(outward * _dot(thigh, pelvis.left), -1, 1)
        found[f"{side}_hip_abduction"] = np.degrees(np.arcsin(sideways))
        down = -_dot(arm, chest.up)
        found[f"{side}_shoulder_flexion"] = _limb(_dot(arm, chest.forward), down)
        found[f"{side}_shoulder_abduction"] = _limb(outward * _dot(arm, chest.left), down)
    stance = _Frame(hips, np.broadcast_to(vertical, hips.shape))
    found["trunk_lean"] = _degrees(_dot(trunk, stance.forward), _dot(trunk, stance.up))
    found["trunk_side_bend"] = _degrees(-_dot(trunk, stance.left), _dot(trunk, stance.up))
    found["trunk_twist"] = _degrees(
        -_dot(chest.left, pelvis.forward), _dot(chest.left, pelvis.left)
    )
    head = place["head_top"] - place["thorax"]
    found["neck_flexion"] = _degrees(_dot(head, chest.forward), _dot(head, chest.up))
    found["neck_side_bend"] = _degrees(-_dot(head, chest.left), _dot(head, chest.up))
    level = np.clip(-_dot(_unit(hips), stance.up), -1, 1)
    found["pelvis_obliquity"] = np.degrees(np.arcsin(level))
    camera = _Frame(np.array([[1.0, 0, 0]]), vertical[None])  # who faces the camera
    heading = _degrees(_dot(stance.forward, camera.left), _dot(stance.forward, camera.forward))
    found["pelvis_rotation"] = heading
    return {name: unwrapped_deg(found[name]) for name in NAMES}


def inner_angles(angles: Mapping[str, Floats]) -> dict[str, Floats]:
    """Inner angles of joints, 180 straight, by the joint: left_knee, knee (the mean) and so on."""
    found = {}
    for joint in ("knee", "elbow", "hip"):
        for side in SIDES:
            found[f"{side}_{joint}"] = 180 - angles[f"{side}_{joint}_flexion"]
        found[joint] = (found[f"left_{joint}"] + found[f"right_{joint}"]) / 2
    return found


def unwrapped_deg(values: NDArray) -> Floats:
    """(F,) without jumps of a whole turn; each stretch of known values by itself, NaN stays."""
    out = np.array(values, float)
    for start, end in runs(np.isfinite(out)):
        out[start:end] = np.unwrap(out[start:end], period=360.0)
    return out


class LiveAngles:
    """The angles of one person as frames come, unwrapped from frame to frame."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._time_s = -np.inf

    def add(self, time_s: float, joints_mm: NDArray, up: NDArray | None = None) -> dict[str, float]:
        """Angles by name of joints (17, 3), degrees; NaN as in ``joint_angles``."""
        if time_s - self._time_s > FORGET_S:
            self._last = {}
        self._time_s = time_s
        found = {}
        for name, value in joint_angles(joints_mm[None], up).items():
            angle, last = float(value[0]), self._last.get(name, np.nan)
            if np.isfinite(angle) and np.isfinite(last):
                angle += 360 * round((last - angle) / 360)
            found[name] = self._last[name] = angle
        return found


class _Frame:
    """A body's left, up and forward (F, 3): up as given, left as near as can be."""

    def __init__(self, left: Floats, up: Floats) -> None:
        self.up = up
        self.left = _unit(left - _dot(left, up)[:, None] * up)
        self.forward = np.cross(self.left, self.up)


def _limb(forth: Floats, down: Floats) -> Floats:
    """Degrees from hanging down; NaN where the limb is nearly at a right angle to the plane."""
    angle = (_degrees(forth, down) - BACK_DEG) % 360 + BACK_DEG
    return np.where(np.hypot(forth, down) < LEAST_SINE, np.nan, angle)


def _between(a: Floats, b: Floats) -> Floats:
    return _degrees(np.linalg.norm(np.cross(a, b), axis=-1), _dot(a, b))


def _degrees(sine: Floats, cosine: Floats) -> Floats:
    return np.degrees(np.arctan2(sine, cosine))


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray((a * b).sum(-1))


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
