"""A person's skeleton at rest: a T-pose with fixed bone lengths, estimated over time or given.

Axes of the rest pose: x to the person's left, y up, z forward; mm. The bones are those of
shape.skeleton.BONES.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.shape import bones
from edge3dpose.shape.skeleton import BONE_NAMES, BONES
from edge3dpose.skeletons import H36M17, length_mm

LEARNING_S = 3.0  # a live person's lengths are learnt for so long, then they are fixed
MOST_ROWS = 512  # of a live person's lengths
ANKLE_SHARE = 0.045  # of the body height that lies below the ankles or is lost in curves
_HAND, _FOOT = 0.42, 0.38  # of forearm and shin

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rig:
    """A skeleton at rest.

    offsets_mm  (B, 3) of each bone's head from its parent's head; the first is 0
    tips_mm     (B, 3) of each bone's end from its head: for bones that no other goes on from
    lengths_mm  (10,) of shape.bones.SEGMENTS
    """

    offsets_mm: Floats
    tips_mm: Floats
    lengths_mm: Floats

    @property
    def height_mm(self) -> float:
        """About the body height: the bones from ankle to crown, and what is below."""
        return _chain_mm(self.lengths_mm) / (1 - ANKLE_SHARE)

    @property
    def ankle_mm(self) -> float:
        """About how high the ankle joints of a standing person are."""
        return 0.039 * self.height_mm

    def scaled(self, factor: float) -> Rig:
        """A taller or smaller person of the same proportions."""
        return rig_of_lengths(self.lengths_mm * factor)


def rig_of_lengths(lengths_mm: NDArray) -> Rig:
    """Lengths (10,) of shape.bones.SEGMENTS, mm -> the skeleton in a T-pose."""
    length = dict(zip(bones.NAMES, np.asarray(lengths_mm, float), strict=True))
    offsets = {
        "hips": (0, 0, 0),
        "spine": (0, 0, 0),
        "chest": (0, length["lower_trunk"], 0),
        "neck": (0, length["upper_trunk"], 0),
        "head": (0, length["neck"], 0),
    }
    tips = {"head": (0, length["head"], 0)}
    for side, left in (("left", 1), ("right", -1)):
        offsets |= {
            f"{side}_clavicle": (0, length["upper_trunk"], 0),
            f"{side}_upper_arm": (left * length["shoulder"], 0, 0),
            f"{side}_forearm": (left * length["upper_arm"], 0, 0),
            f"{side}_hand": (left * length["forearm"], 0, 0),
            f"{side}_thigh": (left * length["hip"], 0, 0),
            f"{side}_shin": (0, -length["thigh"], 0),
            f"{side}_foot": (0, -length["shin"], 0),
        }
        tips |= {
            f"{side}_hand": (left * _HAND * length["forearm"], 0, 0),
            f"{side}_foot": (0, -0.12 * length["shin"], _FOOT * length["shin"]),
        }
    places = np.array([offsets[name] for name in BONE_NAMES], float)
    ends = np.array([tips.get(name, (0, 0, 0)) for name in BONE_NAMES], float)
    for n, bone in enumerate(BONES):  # of a bone that goes on: where the next begins
        for m, below in enumerate(BONES):
            if below.parent == n and below.head == bone.tail:
                ends[n] = places[m]
    return Rig(places, ends, np.asarray(lengths_mm, float))


def adult_rig() -> Rig:
    """The skeleton of an adult, for as long as nothing is known of the person."""
    index = H36M17.index
    pairs = [pair for (pair, *_) in bones.SEGMENTS.values()]
    return rig_of_lengths(np.array([length_mm(index(a), index(b)) for a, b in pairs], float))


def rig_of_joints(
    time_s: NDArray, joints_mm: NDArray, score: NDArray, height_mm: float | None = None
) -> Rig:
    """The skeleton of one person.

    time_s     (F,)
    joints_mm  (F, 17, 3) in any axes
    score      (F, 17)
    height_mm  body height where it is known; None takes the size of the poses

    Raises BadInput where a length is no body's.
    """
    measured = bones.bone_lengths(np.asarray(time_s), np.asarray(joints_mm), np.asarray(score))
    return _of_height(rig_of_lengths(measured.length_mm), height_mm)


@dataclass
class LiveRig:
    """The skeleton of a person who is being watched: learnt for LEARNING_S, then fixed.

    height_mm  body height where it is known
    """

    height_mm: float | None = None
    rig: Rig = field(default_factory=adult_rig)
    _rows: list[Floats] = field(default_factory=list)
    _weights: list[Floats] = field(default_factory=list)
    _since_s: float | None = None
    _fixed: bool = False

    def add(self, time_s: float, joints_mm: NDArray, score: NDArray) -> Rig:
        """Take the joints (17, 3) of a frame; returns the skeleton as it is known by now."""
        if self._fixed:
            return self.rig
        self._since_s = time_s if self._since_s is None else self._since_s
        self._rows.append(bones.pair_lengths(joints_mm))
        self._weights.append(bones.pair_weights(np.asarray(score)))
        try:
            measured = bones.median_lengths(
                np.zeros(len(self._rows)), np.stack(self._rows), np.stack(self._weights)
            )
            self.rig = _of_height(rig_of_lengths(measured.length_mm), self.height_mm)
        except BadInput:  # of no body, so far
            pass
        self._fixed = time_s - self._since_s >= LEARNING_S or len(self._rows) >= MOST_ROWS
        return self.rig


def _of_height(rig: Rig, height_mm: float | None) -> Rig:
    return rig if height_mm is None else rig.scaled(height_mm / rig.height_mm)


def _chain_mm(lengths_mm: NDArray) -> float:
    names = ("shin", "thigh", "lower_trunk", "upper_trunk", "neck", "head")
    return float(sum(lengths_mm[bones.NAMES.index(name)] for name in names))
