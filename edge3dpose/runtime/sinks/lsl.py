"""Poses over the Lab Streaming Layer (LSL): a stream a person, type MoCap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from edge3dpose.errors import MissingDependency
from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.sinks import Sink, SinkContext, SinkPlugin
from edge3dpose.types import Frame, Pose3D

MOST_PEOPLE = 10


class LslPlugin(SinkPlugin):
    """--lsl NAME."""

    name = "lsl"
    section = "Other programs"
    order = 52
    needs_h36m17 = True
    options = (
        PluginOption(
            "--lsl", "Publish a Lab Streaming Layer stream NAME-<id> for each person, metres."
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where a name is given."""
        return values["lsl"] is not None

    def open(self, values: Mapping[str, Any], context: SinkContext) -> Sink:
        """Load the library."""
        return LslStreams(values["lsl"], context)


class LslStreams(Sink):
    """Outlets are made as people come; each sample has the time at which its frame was taken.

    Channels: joint_PositionX, Y, Z (m, from the camera: x right, y down, z forward) and
    joint_Confidence. A person whose distance is not known is placed at the origin.
    """

    def __init__(self, name: str, context: SinkContext) -> None:
        try:
            import pylsl
        except ImportError:
            raise MissingDependency("--lsl needs pylsl; pip install 'edge3dpose[lsl]'") from None
        except RuntimeError as error:  # its library of C is not there
            raise MissingDependency(f"--lsl needs liblsl: {error}") from None
        self._lsl, self._name, self._context = pylsl, name, context
        self._outlets: dict[int, Any] = {}
        self._offset_s: float | None = None

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> None:
        """Send a sample of each person."""
        now_s = self._lsl.local_clock()
        if self._offset_s is None:
            self._offset_s = now_s - frame.time_s
        age_s = frame.facts.get("age_s")
        taken_s = self._offset_s + frame.time_s if age_s is None else now_s - age_s
        for pose in poses:
            outlet = self._outlet(-1 if pose.track_id is None else pose.track_id)
            if outlet is not None:
                root = np.zeros(3) if pose.root_mm is None else pose.root_mm
                places_m = (pose.joints_mm + root) / 1000
                sample = np.concatenate([places_m, np.asarray(pose.score)[:, None]], 1)
                outlet.push_sample(sample.astype(np.float32).ravel().tolist(), taken_s)

    def close(self) -> None:
        """End the streams. A second call does nothing."""
        self._outlets.clear()

    discard = close

    def _outlet(self, track_id: int) -> Any:
        if track_id not in self._outlets:
            if len(self._outlets) >= MOST_PEOPLE:
                del self._outlets[next(iter(self._outlets))]
            self._outlets[track_id] = self._lsl.StreamOutlet(self._description(track_id))
        return self._outlets[track_id]

    def _description(self, track_id: int) -> Any:
        joints = self._context.skeleton.joints
        name = f"{self._name}-{track_id}" if track_id >= 0 else self._name
        info = self._lsl.StreamInfo(
            *(name, "MoCap", 4 * len(joints), self._context.fps or 0.0, "float32"),
            f"edge3dpose-{self._context.source}-{name}",
        )
        channels = info.desc().append_child("channels")
        for joint in joints:
            for axis in "XYZ":
                _channel(channels, f"{joint}_Position{axis}", f"Position{axis}", "meters")
            _channel(channels, f"{joint}_Confidence", "Confidence", "normalized")
        setup = info.desc().append_child("setup")
        setup.append_child_value("axes", "x right, y down, z forward, from the camera")
        return info


def _channel(channels: Any, label: str, kind: str, unit: str) -> None:
    channel = channels.append_child("channel")
    for name, value in (("label", label), ("type", kind), ("unit", unit)):
        channel.append_child_value(name, value)


PLUGIN = LslPlugin()
