"""One-Euro filter on the metric joints of each person: less jitter, a little delay.

Casiez, Roussel, Vogel, 1 Euro Filter, CHI 2012, on the speed of a joint instead of each of its
axes, so that a diagonal movement is not smoothed more than a straight one.

Its delay for a joint in steady motion at v mm/s is 1 / (2 pi (MIN_CUTOFF_HZ + BETA v)) s:
94 ms at rest, 59 ms at 0.25 m/s, 32 ms at 0.8 m/s, 14 ms at 2.4 m/s. Pixels are not filtered.

The distance of the root is far less sure than its direction, so its logarithm has a filter of its
own before, with a delay of 1 / (2 pi (DEPTH_CUTOFF_HZ + DEPTH_BETA v)) s at v a second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.skeletons import root_of
from edge3dpose.types import Array, Frame, Pose3D

MIN_CUTOFF_HZ = 1.7  # at rest
BETA = 0.004  # Hz a mm/s
SPEED_CUTOFF_HZ = 1.0
DEPTH_CUTOFF_HZ, DEPTH_BETA = 1.0, 1.0
FORGET_S = 1.0  # after such a gap the filter of a person starts anew


class OneEuroPlugin(FilterPlugin):
    """--smooth."""

    name = "one-euro"
    order = 30
    needs = "3d"
    over_time = True
    options = (
        PluginOption(
            "--smooth/--no-smooth",
            "Smooth the poses over time (One-Euro filter).",
            kind=bool,
            default=True,
            show_default=True,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Unless --no-smooth."""
        return bool(values["smooth"])

    def open(self, values: Mapping[str, Any]) -> Filter:
        """The filter."""
        return OneEuro()

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """What is smoothed."""
        return {"smoothing": "one-euro on joints_mm and root_mm" if on else None}


@dataclass(slots=True)
class _History:
    time_s: float
    measured: Array  # (J + 1, 3): joints, then the root's place
    points: Array  # the same, smoothed
    velocity: Array
    depth: _Depth | None  # of the root; None without a place in space


@dataclass(slots=True)
class _Depth:
    """Logarithms of the root's depth in mm."""

    measured: float
    smooth: float
    speed: float

    def after(self, depth_mm: float, step_s: float) -> _Depth:
        """The same, a frame later."""
        now = math.log(depth_mm)
        speed = (now - self.measured) / step_s
        speed = self.speed + _share(SPEED_CUTOFF_HZ, step_s) * (speed - self.speed)
        share = _share(DEPTH_CUTOFF_HZ + DEPTH_BETA * abs(speed), step_s)
        return _Depth(now, self.smooth + share * (now - self.smooth), speed)


class OneEuro(Filter):
    """Smooths joints_mm and root_mm of each track id; pixels are not changed."""

    def __init__(self) -> None:
        self._tracks: dict[int | None, _History] = {}

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The people, smoothed up to this frame's time."""
        smooth = [self._smoothed(frame.time_s, pose) for pose in poses]
        self._tracks = {
            track: history
            for track, history in self._tracks.items()
            if frame.time_s - history.time_s <= FORGET_S
        }
        return smooth

    def _smoothed(self, time_s: float, pose: Pose3D) -> Pose3D:
        before = self._tracks.get(pose.track_id)
        if before is None or not 0 < time_s - before.time_s <= FORGET_S:
            root, depth = _place(pose, None, 0.0)
            points = np.concatenate([pose.joints_mm, root[None]])
            still = np.zeros_like(points)
            self._tracks[pose.track_id] = _History(time_s, points, points, still, depth)
            return pose
        step_s = time_s - before.time_s
        root, depth = _place(pose, before.depth, step_s)
        points = np.concatenate([pose.joints_mm, root[None]])
        moved = (points - before.measured) / step_s
        velocity = before.velocity + _share(SPEED_CUTOFF_HZ, step_s) * (moved - before.velocity)
        speed = np.linalg.norm(velocity, axis=1, keepdims=True)
        share = _share(MIN_CUTOFF_HZ + BETA * speed, step_s)
        smooth = (before.points + share * (points - before.points)).astype(np.float32)
        velocity = velocity.astype(np.float32)
        self._tracks[pose.track_id] = _History(time_s, points, smooth, velocity, depth)
        place = None if pose.root_mm is None else smooth[-1]
        joints = smooth[:-1] - root_of(smooth[:-1], pose.skeleton)
        return replace(pose, joints_mm=joints, root_mm=place)


def _place(pose: Pose3D, before: _Depth | None, step_s: float) -> tuple[Array, _Depth | None]:
    """The root in its direction at a smoothed distance, and what is kept of the distance."""
    if pose.root_mm is None:
        return np.zeros(3, np.float32), None
    depth_mm = float(pose.root_mm[2])
    if depth_mm <= 0:
        return pose.root_mm, None
    if before is None:
        return pose.root_mm, _Depth(math.log(depth_mm), math.log(depth_mm), 0.0)
    depth = before.after(depth_mm, step_s)
    by = math.exp(depth.smooth) / depth_mm
    return (pose.root_mm * by).astype(np.float32), depth


def _share(cutoff_hz: Any, step_s: float) -> Any:
    """Share of the new value in a low-pass filter's output."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * step_s))


PLUGIN = OneEuroPlugin()
