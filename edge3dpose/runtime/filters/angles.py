"""Joint angles of every person in every frame (docs/angles.md), unwrapped over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.types import Frame, Pose3D


class AnglesPlugin(FilterPlugin):
    """--angles."""

    name = "angles"
    order = 90
    over_time = True
    options = (
        PluginOption(
            "--angles/--no-angles",
            "Joint angles of every person, in degrees, in the JSON lines.",
            kind=bool,
            default=False,
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """With --angles."""
        return bool(values["angles"])

    def open(self, values: Mapping[str, Any]) -> Filter:
        """A new filter."""
        return Angles()

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """Their unit and their vertical."""
        words = "degrees, docs/angles.md; vertical of the camera's up, or estimated"
        return {"angles": words} if on else {}


class Angles(Filter):
    """Adds ``angles_deg`` to poses."""

    def __init__(self) -> None:
        from edge3dpose.kinematics.angles import LiveAngles
        from edge3dpose.kinematics.floor import LiveUp

        self._new, self._people, self._up = LiveAngles, dict[Any, LiveAngles](), LiveUp()

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The poses with their angles; those who left for long are forgotten."""
        found = []
        for pose in poses:
            person = self._people.setdefault(pose.track_id, self._new())
            up = self._up.add(pose.joints_mm)
            if frame.camera is not None and frame.camera.up is not None:
                up = np.array(frame.camera.up)
            found.append(replace(pose, angles_deg=person.add(frame.time_s, pose.joints_mm, up)))
        if len(self._people) > MOST_PEOPLE:
            here = {pose.track_id for pose in poses}
            self._people = {n: one for n, one in self._people.items() if n in here}
        return found


MOST_PEOPLE = 200  # remembered
PLUGIN = AnglesPlugin()
