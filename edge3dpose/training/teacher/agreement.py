"""What several teachers say of one person -> the joints on which at least two of them agree."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

AGREE = 0.12  # of the torso's length: greatest distance of a joint between two teachers
TRUNK = (1, 4, 11, 14)  # joints that must be known for any other to count
HIPS = (1, 4)  # what the pelvis needs of them


@dataclass(frozen=True, slots=True)
class Opinion:
    """One teacher's place of each joint of h36m17."""

    pixels: NDArray  # (17, 2) frame pixels; NaN where the teacher has no such joint
    sure: NDArray[np.bool_]  # (17,) that it sees the joint
    weight: float  # in the mean of those that agree


def agreed(opinions: Sequence[Opinion]) -> NDArray[np.float64]:
    """Joints (17, 2): the weighted mean of those who agree, NaN where no two do.

    The largest group counts in which each is near each other one; of two groups of one size the
    closer one.
    """
    places = np.stack([one.pixels for one in opinions]).astype(float)
    sure = np.stack([one.sure for one in opinions]) & np.isfinite(places).all(axis=-1)
    weights = np.array([one.weight for one in opinions])
    limit_px = AGREE * max(float(np.median([_torso_px(one.pixels) for one in opinions])), 1.0)
    joints = np.full(places.shape[1:], np.nan)
    for joint in range(len(joints)):
        who = _group(places[:, joint], np.flatnonzero(sure[:, joint]), limit_px)
        if who:
            joints[joint] = np.average(places[who, joint], axis=0, weights=weights[who])
    known = np.isfinite(joints[:, 0])
    pelvis = joints[0].copy() if known[list(HIPS)].all() else np.nan
    if not known[list(TRUNK)].all():
        joints[:] = np.nan
    joints[0] = pelvis
    return joints


def _group(places: NDArray, sure: NDArray[np.intp], limit_px: float) -> list[int]:
    """The teachers that agree on a joint, none or at least two; places (teachers, 2)."""
    for size in range(len(sure), 1, -1):
        spreads = {
            who: max(
                float(np.linalg.norm(places[a] - places[b]))
                for a, b in itertools.combinations(who, 2)
            )
            for who in itertools.combinations(sure.tolist(), size)
        }
        closest = min(spreads, key=spreads.__getitem__)
        if spreads[closest] < limit_px:
            return list(closest)
    return []


def _torso_px(pixels: NDArray) -> float:
    return float(np.linalg.norm(pixels[[11, 14]].mean(0) - pixels[[1, 4]].mean(0)))
