"""One person who is followed: where they were last, how they move, where they will be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.runtime.roi import SteadyRoi, TrackedPose
from edge3dpose.runtime.tracking.sides import Sides
from edge3dpose.runtime.tracking.similarity import Shapes, shapes, side_px
from edge3dpose.skeletons import middle_of

VELOCITY_S = 0.15  # time constant of the measured velocity
AHEAD_S = 0.7  # for so long somebody lost is thought to go on at the same velocity


@dataclass(slots=True)
class Track:
    """A person with an identity. ``lost`` since the last frame in which they were seen, if set."""

    track_id: int
    person: TrackedPose
    time_s: float  # of that pose
    velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))  # px a second
    frames: int = 1
    confirmed: int = 0  # searches that confirmed them
    unseen: int = 0  # searches in a row that did not
    lost: bool = False
    roi: SteadyRoi = field(default_factory=SteadyRoi)
    sides: Sides = field(default_factory=Sides)

    @property
    def side_px(self) -> float:
        """Side of the ROI."""
        return side_px(self.person.pose)

    def see(self, person: TrackedPose, time_s: float) -> None:
        """A new pose of this person."""
        step_s = time_s - self.time_s
        if step_s > 0:
            moved = (_place(person) - _place(self.person)) / step_s
            trust = 1.0 if self.frames == 1 else 1 - math.exp(-step_s / VELOCITY_S)
            self.velocity = self.velocity + trust * (moved - self.velocity)
        if self.lost:
            self.roi, self.sides, self.unseen = SteadyRoi(), Sides(), 0
        self.person, self.time_s, self.lost = person, time_s, False
        self.frames += 1

    def shift_px(self, time_s: float) -> NDArray[np.float64]:
        """How far the person has moved since, at constant velocity: (2,) pixels."""
        return self.velocity * min(max(time_s - self.time_s, 0.0), AHEAD_S)


def expected(tracks: Sequence[Track], time_s: float) -> Shapes:
    """One or more people as they are expected to be at a time."""
    last = shapes([track.person.pose for track in tracks])
    shifts = np.stack([track.shift_px(time_s) for track in tracks])
    return Shapes(last.points + shifts[:, None], last.seen, last.side, last.skeleton)


def _place(person: TrackedPose) -> NDArray[np.float64]:
    """Middle of the trunk, which is steadier than the pelvis."""
    return middle_of(person.pose.pixels.astype(np.float64), person.pose.skeleton)
