"""Poses -> ROS 2 messages, without ROS: the classes of the messages are given.

The axes are those of REP-103 (x forward, y left, z up, metres), seen from the camera. Frames and
ids follow REP-155: ``body_<id>`` lies in the middle of the hips, and ids are strings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge3dpose.kinematics import LiveRig, Poser, axes
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Pose3D

BONE_M, JOINT_M = 0.03, 0.05  # thickness of what is drawn
LIFETIME_S = 0.5
FORGET_S = 5.0
_LINE_LIST, _SPHERE_LIST = 5, 7  # visualization_msgs/Marker
_ROS = axes.find("ros")
_COLOURS = ((0.37, 0.83, 0.37), (0.69, 0.55, 1.0), (1.0, 0.82, 0.25), (1.0, 0.37, 0.69))

# The class of a message type such as "geometry_msgs/msg/Point", which takes fields by name
Classes = Callable[[str], Any]


@dataclass
class Messages:
    """Builds the messages of one frame after another.

    classes   gives the class of a message type by its name
    frame_id  the tf frame of the camera, with axes of REP-103
    """

    classes: Classes
    frame_id: str = "camera_link"
    _posers: dict[int, tuple[LiveRig, Poser, float]] = field(default_factory=dict)

    def ids(self, people: Sequence[Pose3D], stamp: Any) -> Any:
        """hri_msgs/IdsList for /humans/bodies/tracked."""
        ids = [str(_id(pose)) for pose in people]
        return self.classes("hri_msgs/msg/IdsList")(header=self._header(stamp), ids=ids)

    def transforms(self, people: Sequence[Pose3D], time_s: float, stamp: Any) -> list[Any]:
        """geometry_msgs/TransformStamped of body_<id>, and of <joint>_<id> in it, of each person.

        A person whose distance is not known has none.
        """
        found = []
        for pose in people:
            if pose.root_mm is None:
                continue
            body = f"body_{_id(pose)}"
            turn = self._hips_turn(pose, time_s)
            place = _ROS.points(pose.root_mm)
            found.append(self._transform(stamp, self.frame_id, body, place, turn))
            back = np.array([turn[0], *-turn[1:]])
            for joint, offset in zip(H36M17.joints, _ROS.points(pose.joints_mm), strict=True):
                if joint != "pelvis":
                    child = f"{joint}_{_id(pose)}"
                    turned = _rotated(back, offset)
                    found.append(
                        self._transform(stamp, body, child, turned, np.array([1.0, 0, 0, 0]))
                    )
        self._posers = {
            one: kept for one, kept in self._posers.items() if time_s - kept[2] <= FORGET_S
        }
        return found

    def markers(self, people: Sequence[Pose3D], stamp: Any) -> Any:
        """visualization_msgs/MarkerArray: the bones and joints of each person."""
        found = []
        for pose in people:
            root = np.zeros(3) if pose.root_mm is None else pose.root_mm
            joints = _ROS.points(pose.joints_mm + root)
            bones = [
                joints[end]
                for joint, parent in enumerate(H36M17.parents)
                if parent >= 0
                for end in (joint, parent)
            ]
            for number, (kind, points, size) in enumerate(
                ((_LINE_LIST, bones, BONE_M), (_SPHERE_LIST, joints, JOINT_M))
            ):
                found.append(self._marker(pose, stamp, number, kind, points, size))
        return self.classes("visualization_msgs/msg/MarkerArray")(markers=found)

    def _hips_turn(self, pose: Pose3D, time_s: float) -> np.ndarray:
        """(4,) w x y z from the person's forward, left, up to the camera's frame."""
        rig, poser, _ = self._posers.get(_id(pose), (LiveRig(), Poser(), time_s))
        self._posers[_id(pose)] = rig, poser, time_s
        known = rig.add(time_s, pose.joints_mm, pose.score)
        posed = poser.pose(known, np.array([time_s]), pose.joints_mm[None])
        turn: np.ndarray = _ROS.world_turns(posed.world[0, 0])
        return turn

    def _marker(
        self, pose: Pose3D, stamp: Any, number: int, kind: int, points: Any, size: float
    ) -> Any:
        red, green, blue = _COLOURS[_id(pose) % len(_COLOURS)]
        classes = self.classes
        colour = classes("std_msgs/msg/ColorRGBA")(r=red, g=green, b=blue, a=1.0)
        duration = classes("builtin_interfaces/msg/Duration")
        return classes("visualization_msgs/msg/Marker")(
            header=self._header(stamp),
            ns=f"body_{_id(pose)}",
            id=number,
            type=kind,
            action=0,
            pose=classes("geometry_msgs/msg/Pose")(
                position=self._point(np.zeros(3)), orientation=self._turn(np.eye(4)[0])
            ),
            scale=classes("geometry_msgs/msg/Vector3")(x=size, y=size, z=size),
            color=colour,
            lifetime=duration(sec=0, nanosec=int(LIFETIME_S * 1e9)),
            frame_locked=False,
            points=[self._point(point) for point in points],
        )

    def _transform(
        self, stamp: Any, parent: str, child: str, place: np.ndarray, turn: np.ndarray
    ) -> Any:
        x, y, z = (float(value) for value in place)
        classes = self.classes
        return classes("geometry_msgs/msg/TransformStamped")(
            header=self._header(stamp, parent),
            child_frame_id=child,
            transform=classes("geometry_msgs/msg/Transform")(
                translation=classes("geometry_msgs/msg/Vector3")(x=x, y=y, z=z),
                rotation=self._turn(turn),
            ),
        )

    def _header(self, stamp: Any, frame_id: str | None = None) -> Any:
        return self.classes("std_msgs/msg/Header")(stamp=stamp, frame_id=frame_id or self.frame_id)

    def _point(self, place: np.ndarray) -> Any:
        x, y, z = (float(value) for value in place)
        return self.classes("geometry_msgs/msg/Point")(x=x, y=y, z=z)

    def _turn(self, turn: np.ndarray) -> Any:
        w, x, y, z = (float(value) for value in turn)
        return self.classes("geometry_msgs/msg/Quaternion")(x=x, y=y, z=z, w=w)


def _id(pose: Pose3D) -> int:
    return 0 if pose.track_id is None else pose.track_id


def _rotated(turn: np.ndarray, vector: np.ndarray) -> np.ndarray:
    from edge3dpose import rotations

    rotated: np.ndarray = rotations.rotate(turn[None], vector[None])[0]
    return rotated
