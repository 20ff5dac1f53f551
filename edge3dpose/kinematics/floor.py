"""Which way is up and where the floor is, estimated from people who stand.

One camera sees neither. A person who stands straight shows the direction of gravity within a few
degrees, and the feet show the floor. All of it is told as estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import Track

FIRST_S = 10.0  # people are watched for so long, once they stand
STRAIGHT_DEG = 30.0  # a knee or hip that bends less stands
LEAST_FRAMES = 5
FARTHEST_MM = 1e8
MOST_SEEN = 200  # frames of live people
MOST_TILT_DEG = 60.0  # of a camera; what says more is no floor
ANKLE_MM = 75.0  # about how high the ankle joint of who stands is
UNKNOWN = "not known, the camera is taken as level"
CAMERA_UP = np.array([0.0, -1.0, 0.0])

_ANKLES = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Floor:
    """A level floor.

    up        (3,) unit vector in the camera's axes
    camera_mm  height of the camera above the floor; None where the people's distance is not known
    how        where this is known from, in words
    """

    up: Floats
    camera_mm: float | None
    how: str

    @property
    def pitch_deg(self) -> float:
        """How far the camera looks down."""
        return float(np.degrees(np.arctan2(-self.up[2], -self.up[1])))

    @property
    def roll_deg(self) -> float:
        """How far the camera is turned clockwise about its view."""
        return float(np.degrees(np.arcsin(np.clip(-self.up[0], -1, 1))))

    @property
    def text(self) -> str:
        """The floor in a line."""
        if self.how == UNKNOWN:
            return f"floor {self.how}"
        tilt = f"camera looks {self.pitch_deg:.1f} degrees down, rolled {self.roll_deg:.1f}"
        high = "" if self.camera_mm is None else f", {self.camera_mm / 1000:.2f} m above the floor"
        return f"floor {self.how}: {tilt}{high}"

    def level(self, camera_mm: NDArray) -> Floats:
        """Positions (..., 3) from the camera -> level axes with y = 0 at the floor, y down.

        The origin is on the floor under the camera; x and z are turned as little as can be.
        """
        points = np.asarray(camera_mm, float) @ self.turn.T
        return points - [0.0, self.camera_mm or 0.0, 0.0]

    @property
    def turn(self) -> Floats:
        """(3, 3) the camera's axes -> level ones."""
        side = np.array([1.0, 0, 0]) - self.up[0] * self.up
        if np.linalg.norm(side) < 0.1:  # a camera that stands on its side
            side = np.cross(-self.up, np.array([0, 0, 1.0]) - self.up[2] * self.up)
        side /= np.linalg.norm(side)
        return np.stack([side, -self.up, np.cross(side, -self.up)])


def measured_floor(header: Mapping[str, Any]) -> Floor | None:
    """The floor by a measured camera in the header of a poses file; None where it says nothing."""
    camera = header.get("camera")
    if not isinstance(camera, Mapping) or camera.get("up") is None:
        return None
    up, above_mm = camera["up"], camera.get("above_floor_mm")
    numbers = [*(up if isinstance(up, list | tuple) else ()), 0.0 if above_mm is None else above_mm]
    plain = all(type(value) in (int, float) and abs(value) < FARTHEST_MM for value in numbers)
    if len(numbers) != 4 or not plain or abs(np.linalg.norm(numbers[:3]) - 1) > 0.01:
        raise BadInput(
            "the camera's up and above_floor_mm in the header are no direction and height"
        )
    direction = np.array(numbers[:3], float) / np.linalg.norm(numbers[:3])
    return Floor(direction, None if above_mm is None else float(above_mm), "of the measured camera")


def floor_of(
    tracks: Sequence[Track],
    pitch_deg: float | None = None,
    header: Mapping[str, Any] | None = None,
) -> Floor:
    """The floor on which people stand.

    pitch_deg  how far the camera looks down, where it is known
    header     of a poses file: a camera that was measured with its place says where the floor is
    """
    if pitch_deg is None and (measured := measured_floor(header or {})):
        return measured
    stands = [_standing(track) for track in tracks]
    joints = [track.joints_mm[at].astype(float) for track, at in zip(tracks, stands, strict=True)]
    if pitch_deg is not None:
        pitch = np.radians(pitch_deg)
        up, how = np.array([0.0, -np.cos(pitch), -np.sin(pitch)]), "of the camera pitch given"
    else:
        up, how = _up(joints)
    heights = [
        (-(track.root_mm[at, None] + track.joints_mm[at][:, _ANKLES]) @ up).max(-1)
        for track, at in zip(tracks, stands, strict=True)
    ]
    lowest = np.concatenate([*heights, np.empty(0)])
    lowest = lowest[np.isfinite(lowest)]
    camera_mm = float(np.median(lowest)) + ANKLE_MM if len(lowest) else None
    return Floor(up, camera_mm, how)


def _up(joints: Sequence[Floats]) -> tuple[Floats, str]:
    """From the ankles to the top of the trunk of those who stand."""
    thorax = H36M17.index("thorax")
    steps = [of[:, thorax] - of[:, _ANKLES].mean(1) for of in joints]
    seen = np.concatenate([*steps, np.empty((0, 3))])
    if len(seen) < LEAST_FRAMES:
        return CAMERA_UP, UNKNOWN
    up = np.median(seen / np.linalg.norm(seen, axis=-1, keepdims=True), axis=0)
    up /= np.linalg.norm(up)
    if up @ CAMERA_UP < np.cos(np.radians(MOST_TILT_DEG)):
        return CAMERA_UP, UNKNOWN
    return up, "estimated from people who stand"


class LiveUp:
    """The vertical as frames come: of those who stood so far; the camera's own before that."""

    def __init__(self) -> None:
        self._seen: list[Floats] = []
        self.up = CAMERA_UP

    def add(self, joints_mm: NDArray) -> Floats:
        """Take the joints (17, 3) of a person; gives the vertical (3,) as it is known by now."""
        joints = np.asarray(joints_mm, float)[None]
        if len(self._seen) < MOST_SEEN and straight(joints)[0]:
            self._seen.append(joints)
            self.up = _up([np.concatenate(self._seen)])[0]
        return self.up


def _standing(track: Track) -> NDArray[np.bool_]:
    """(F,) where legs and hips are straight, over the first seconds of that."""
    stands = straight(track.joints_mm.astype(float))
    seconds = np.cumsum(stands * np.minimum(np.diff(track.time_s, prepend=track.time_s[0]), 1))
    return np.asarray(stands & (seconds <= FIRST_S))


def straight(joints: Floats) -> NDArray[np.bool_]:
    """(F,) where legs and hips of joints (F, 17, 3) are straight."""
    found = np.ones(len(joints), bool)
    trunk = joints[:, H36M17.index("thorax")] - joints[:, H36M17.root]
    for side in ("left", "right"):
        places = [joints[:, H36M17.index(f"{side}_{name}")] for name in ("hip", "knee", "ankle")]
        thigh, shin = places[0] - places[1], places[1] - places[2]
        found &= (_angle_deg(thigh, shin) < STRAIGHT_DEG) & (
            _angle_deg(trunk, thigh) < STRAIGHT_DEG
        )
    return found


def _angle_deg(a: Floats, b: Floats) -> Floats:
    cosine = (a * b).sum(-1) / np.maximum(
        np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1), 1e-9
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))
