"""Repetitions of an exercise, counted for every person as frames come (docs/angles.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from edge3dpose.plugins import PluginOption
from edge3dpose.runtime.filters import Filter, FilterPlugin
from edge3dpose.types import Frame, Pose3D

MOST_PEOPLE = 1000  # counted at once


class CountPlugin(FilterPlugin):
    """--count EXERCISE."""

    name = "count"
    order = 91
    over_time = True
    needs_all = True
    options = (
        PluginOption(
            "--count",
            "Count repetitions of every person: squat, pushup, situp, curl, jack or "
            '"left_knee<100,>160".',
        ),
    )

    def is_on(self, values: Mapping[str, Any]) -> bool:
        """Where an exercise is named."""
        return values["count"] is not None

    def check(self, values: Mapping[str, Any]) -> None:
        """An exercise that is known, or a rule."""
        if values["count"] is not None:
            from edge3dpose.kinematics.repetitions import rule_of

            rule_of(values["count"])

    def open(self, values: Mapping[str, Any]) -> Filter:
        """A new filter."""
        return Count(values["count"] or "squat")

    def header(self, values: Mapping[str, Any], *, on: bool) -> dict[str, Any]:
        """What is counted."""
        return {"count": values["count"]} if on else {}


class Count(Filter):
    """Adds ``counts`` to poses.

    exercise  see kinematics.repetitions.rule_of
    """

    def __init__(self, exercise: str) -> None:
        from edge3dpose.kinematics.repetitions import Counter, rule_of

        self._rule = rule_of(exercise)
        self._people: dict[int | None, Counter] = {}

    def __call__(self, frame: Frame, poses: list[Pose3D]) -> list[Pose3D]:
        """The poses with their counts so far."""
        return [replace(pose, counts=self._counts(frame.time_s, pose)) for pose in poses]

    @property
    def said(self) -> tuple[str, ...]:
        """A line a person who did some."""
        done = [(n, one.count) for n, one in self._people.items() if one.count]
        name = self._rule.name
        return tuple(f"{name}: {count} by person {n}" for n, count in done) or (f"{name}: 0",)

    def _counts(self, time_s: float, pose: Pose3D) -> dict[str, int]:
        from edge3dpose.kinematics.angles import joint_angles
        from edge3dpose.kinematics.repetitions import Counter

        if len(self._people) >= MOST_PEOPLE and pose.track_id not in self._people:
            return {}
        counter = self._people.setdefault(pose.track_id, Counter(self._rule))
        value = self._rule.value(joint_angles(pose.joints_mm[None]))
        return {self._rule.name: counter.add(time_s, float(np.asarray(value)[0]))}


PLUGIN = CountPlugin()
