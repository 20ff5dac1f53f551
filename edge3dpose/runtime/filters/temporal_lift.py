"""A small network that corrects each pose by those before it: less error in depth, less wobble.

It is given a joint's place in the image, the depth and score that the pose network gives, how the
camera looks and the time since the last frame, and keeps a state for each person. Causal: it adds
no delay. One network serves every model and cut (docs/temporal-lift.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.runtime.lift_features import (
    LONGEST_GAP_S,
    Observation,
    features,
    posed,
    turned,
)
from edge3dpose.runtime.lift_network import Step, first_state, open_lift
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Array, Frame, Pose3D


class TemporalLiftPlugin(FilterPlugin):
    """--lift."""

    name = "temporal-lift"
    order = 5  # it was trained on the pose network's own answers
    options = (
        PluginOption(
            "--lift",
            "Correct each pose by those before it with a small network, or not at all.",
            choices=("temporal", "none"),
            default="temporal",
            show_default=True,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Unless --lift none."""
        return bool(values["lift"] == "temporal")

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The lift, its network opened."""
        return TemporalLift(open_lift(backend=values.get("backend", "onnxruntime")))

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """Whether poses are corrected."""
        return {"lift": "temporal" if on else None}


@dataclass(slots=True)
class _Memory:
    time_s: float
    state: Array  # (layers, width)


class TemporalLift(Filter):
    """Corrects joints_mm and root_mm, and tells std_mm; pixels are not changed.

    People without a place in space (no camera) and of other skeletons are left as they are.
    """

    def __init__(self, step: Step) -> None:
        self._step = step
        self._people: dict[int | None, _Memory] = {}

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The people, corrected, in the same order."""
        if frame.name is not None:  # unrelated photos: nobody is remembered
            self._people = {}
        rows = [n for n, pose in enumerate(poses) if _is_known(pose)]
        corrected = list(poses)
        if rows:
            for n, pose in zip(rows, self._corrected(frame, [poses[n] for n in rows]), strict=True):
                corrected[n] = pose
        self._people = {
            track: memory
            for track, memory in self._people.items()
            if frame.time_s - memory.time_s <= LONGEST_GAP_S
        }
        return corrected

    def _corrected(self, frame: Frame, poses: Sequence[Pose3D]) -> list[Pose3D]:
        memories = [self._memory(frame.time_s, pose.track_id) for pose in poses]
        states = first_state(len(poses))
        steps_s = np.zeros(len(poses), np.float32)
        for n, memory in enumerate(memories):
            if memory is not None:
                states[:, n] = memory.state
                steps_s[n] = frame.time_s - memory.time_s
        seen = observation(poses, steps_s, assumed=frame.camera is None or frame.camera.assumed)
        at = turned(seen)
        answer, after = self._step(features(seen, at), states)
        joints, factors, stds = posed(answer, at)
        for n, pose in enumerate(poses):
            self._people[pose.track_id] = _Memory(frame.time_s, after[:, n].copy())
        spread = np.sqrt(stds**2 @ at.turn**2)  # variances, along the axes of the frame's camera
        return [
            replace(pose, joints_mm=joint, root_mm=pose.root_mm * factor, std_mm=std)
            for pose, joint, factor, std in zip(poses, joints, factors, spread, strict=True)
            if pose.root_mm is not None
        ]

    def _memory(self, time_s: float, track: int | None) -> _Memory | None:
        """What is kept of a person; None after a gap, and for a second frame of the same time."""
        memory = self._people.get(track)
        if memory is None or not 0 < time_s - memory.time_s <= LONGEST_GAP_S:
            return None
        return memory


def observation(poses: Sequence[Pose3D], steps_s: Array, *, assumed: bool) -> Observation:
    """Poses with a place in space, as the lift is given them."""
    roots = np.stack([pose.root_mm for pose in poses if pose.root_mm is not None])
    joints = np.stack([pose.joints_mm for pose in poses])
    points = joints + roots[:, None]
    people = np.ones(len(poses), np.float32)
    return Observation(
        rays=points[..., :2] / points[..., 2:],
        depth_mm=joints[..., 2],
        score=np.stack([pose.score for pose in poses]),
        root_mm=roots[:, 2],
        has_depth=people,
        assumed=people * assumed,
        step_s=steps_s,
    )


def _is_known(pose: Pose3D) -> bool:
    """Whether the lift can be given it: every joint in front of the camera, which a ray needs."""
    if pose.root_mm is None or pose.skeleton != H36M17:
        return False
    return float(pose.root_mm[2]) > 0 and bool((pose.joints_mm[:, 2] + pose.root_mm[2] > 1).all())


PLUGIN = TemporalLiftPlugin()
