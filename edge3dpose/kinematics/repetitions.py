"""Repetitions of an exercise: an angle that passes one limit and comes back over another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.kinematics.angles import NAMES, inner_angles

SHORTEST_S = 0.3  # of a repetition
INNER = ("left_knee", "right_knee", "knee", "left_elbow", "right_elbow", "elbow", "left_hip",
         "right_hip", "hip", "any_knee", "any_elbow", "any_hip")  # fmt: skip
ANY = "any_"  # side that goes farther: one arm at a time, or both together
EXERCISES = {  # inner angles are 180 where a joint is straight
    "squat": "knee<115,>150",
    "pushup": "elbow<105,>145",
    "situp": "hip<95,>120",
    "curl": "any_elbow<80,>135",
    "jack": "shoulder_abduction>120,<50",
}
MEANS = {  # of both sides
    name.removeprefix("left_"): (name, name.replace("left_", "right_"))
    for name in NAMES
    if name.startswith("left_")
}
_RULE = re.compile(r"(\w+)([<>])(-?\d+(?:\.\d+)?),([<>])(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Rule:
    """One repetition: the angle passes ``there`` and then comes back over ``back``, degrees.

    falls  the angle passes ``there`` as it falls, else as it rises
    """

    name: str
    angle: str
    there: float
    back: float
    falls: bool

    def value(self, angles: Mapping[str, NDArray]) -> NDArray[np.float64]:
        """The angle (F,) of angles.joint_angles; of both sides that are known, the mean.

        any_...: of the side that goes farther.
        """
        if self.angle in NAMES:
            return np.asarray(angles[self.angle], float)
        if self.angle in MEANS:
            both = np.stack([angles[name] for name in MEANS[self.angle]])
        else:
            inner = inner_angles(angles)
            joint = self.angle.removeprefix(ANY)
            sides = (
                (joint,) if joint[:4] in ("left", "righ") else (f"left_{joint}", f"right_{joint}")
            )
            both = np.stack([inner[name] for name in sides])
        known = np.isfinite(both)
        if self.angle.startswith(ANY):
            far = np.inf if self.falls else -np.inf
            most = np.where(known, both, far)
            return np.where(known.any(0), most.min(0) if self.falls else most.max(0), np.nan)
        total = np.where(known, both, 0).sum(0)
        return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def rule_of(words: str) -> Rule:
    """An exercise, or "left_knee<100,>160". BadInput for anything else."""
    text = EXERCISES.get(words, words).replace(" ", "")
    found = _RULE.fullmatch(text)
    if not found or found[2] == found[4]:
        raise BadInput(
            f"{words!r} is nothing to count; wanted {', '.join(EXERCISES)} or ANGLE<A,>B such as "
            '"left_knee<100,>160"'
        )
    angle, there, back = found[1], float(found[3]), float(found[5])
    if angle not in (*NAMES, *MEANS, *INNER):
        raise BadInput(f"no angle {angle!r}; there is: {', '.join((*INNER, *MEANS, *NAMES))}")
    falls = found[2] == "<"
    if (there >= back) if falls else (there <= back):
        raise BadInput(f"{words!r} has no room between its limits: {there:g} and {back:g}")
    return Rule(words, angle, there, back, falls)


@dataclass
class Counter:
    """Counts the repetitions of one person as frames come.

    ends_s  when each was complete
    begun   whether one has begun and is not complete
    """

    rule: Rule
    ends_s: list[float] = field(default_factory=list)
    begun: bool = False
    _ready: bool = False  # the angle has been at the start
    _since_s: float = 0.0

    @property
    def count(self) -> int:
        """How many are complete."""
        return len(self.ends_s)

    def add(self, time_s: float, value: float) -> int:
        """Take the angle of a frame, degrees, NaN where it is unknown; gives the count."""
        if not np.isfinite(value):
            return self.count
        there = value < self.rule.there if self.rule.falls else value > self.rule.there
        back = value > self.rule.back if self.rule.falls else value < self.rule.back
        if back:
            if self.begun and time_s - self._since_s >= SHORTEST_S:
                self.ends_s.append(float(time_s))
            self.begun, self._ready, self._since_s = False, True, time_s
        elif there and self._ready:
            self.begun = True
        return self.count


def repetitions(rule: Rule, time_s: NDArray, angles: Mapping[str, NDArray]) -> Counter:
    """All repetitions in a recording: times (F,) and angles of angles.joint_angles."""
    counter = Counter(rule)
    for moment, value in zip(time_s, rule.value(angles), strict=True):
        counter.add(float(moment), float(value))
    return counter
