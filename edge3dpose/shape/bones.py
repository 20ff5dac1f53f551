"""Lengths of a person's bones over time: medians weighted by score, left and right together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge3dpose.errors import BadInput
from edge3dpose.skeletons import H36M17

# name -> (joint, joint) pairs whose distances are one length
SEGMENTS: dict[str, tuple[tuple[str, str], ...]] = {
    "hip": (("pelvis", "left_hip"), ("pelvis", "right_hip")),
    "thigh": (("left_hip", "left_knee"), ("right_hip", "right_knee")),
    "shin": (("left_knee", "left_ankle"), ("right_knee", "right_ankle")),
    "lower_trunk": (("pelvis", "spine"),),
    "upper_trunk": (("spine", "thorax"),),
    "neck": (("thorax", "neck"),),
    "head": (("neck", "head_top"),),
    "shoulder": (("thorax", "left_shoulder"), ("thorax", "right_shoulder")),
    "upper_arm": (("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow")),
    "forearm": (("left_elbow", "left_wrist"), ("right_elbow", "right_wrist")),
}
NAMES = tuple(SEGMENTS)
_PAIRS = [(n, a, b) for n, pairs in enumerate(SEGMENTS.values()) for a, b in pairs]
PAIR_SEGMENT = np.array([n for n, _, _ in _PAIRS])
_STARTS = np.array([H36M17.index(a) for _, a, _ in _PAIRS])
PAIR_ENDS = np.array([H36M17.index(b) for _, _, b in _PAIRS])
SEGMENT_OF_JOINT = {int(end): int(n) for end, n in zip(PAIR_ENDS, PAIR_SEGMENT, strict=True)}

LEAST_WEIGHT = 0.02  # of a bone with an end that the network does not see
MEDIAN_LOSS = 1.25  # the standard deviation of a median over that of a mean
BIAS_SHARE = 0.5  # of the variation: what time does not average out, such as depths too small
LEAST_SHARE = 0.003  # of a length: nobody's joints lie at points
POSSIBLE_MM = (15.0, 1500.0)


@dataclass(frozen=True, eq=False)
class BoneLengths:
    """The lengths of SEGMENTS: medians and their standard deviations."""

    length_mm: NDArray[np.float64]  # (10,)
    std_mm: NDArray[np.float64]  # (10,) of the median, by variation and independent seconds
    frames: int
    seconds: int  # distinct seconds in which the person was seen


def pair_lengths(joints_mm: NDArray) -> NDArray[np.float64]:
    """Joints (..., 17, 3) -> the distances of all pairs (..., 16)."""
    steps = joints_mm[..., PAIR_ENDS, :] - joints_mm[..., _STARTS, :]
    return np.linalg.norm(np.asarray(steps, float), axis=-1)


def pair_weights(score: NDArray) -> NDArray[np.float64]:
    """Scores (..., 17) -> weights of all pairs (..., 16): that of the worse joint, squared."""
    worse = np.minimum(score[..., _STARTS], score[..., PAIR_ENDS]).astype(float)
    return np.clip(worse, 0, 1) ** 2 + LEAST_WEIGHT


def bone_lengths(time_s: NDArray, joints_mm: NDArray, score: NDArray) -> BoneLengths:
    """Times (F,), joints (F, 17, 3) and scores (F, 17) of one person -> lengths.

    Errors of neighbouring frames are alike, so seconds are counted and not frames.
    Raises BadInput where a length is no body's.
    """
    return median_lengths(time_s, pair_lengths(joints_mm), pair_weights(score))


def median_lengths(time_s: NDArray, lengths: NDArray, weights: NDArray) -> BoneLengths:
    """The same of lengths (F, 16) and weights (F, 16) of all pairs."""
    seconds = len(np.unique(np.floor(time_s)))
    medians, spreads = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for n, name in enumerate(NAMES):
        of = np.flatnonzero(n == PAIR_SEGMENT)
        values, shares = lengths[:, of].ravel(), weights[:, of].ravel()
        medians[n] = weighted_median(values, shares)
        if not POSSIBLE_MM[0] <= medians[n] <= POSSIBLE_MM[1]:
            raise BadInput(f"the poses are of no body: {name} is {medians[n]:.0f} mm long")
        spreads[n] = 1.4826 * weighted_median(np.abs(values - medians[n]), shares)
    of_median = MEDIAN_LOSS * spreads / np.sqrt(seconds)
    parts = (of_median, BIAS_SHARE * spreads, LEAST_SHARE * medians)
    return BoneLengths(medians, np.sqrt(sum(part**2 for part in parts)), len(time_s), seconds)


def weighted_median(values: NDArray, weights: NDArray) -> float:
    """The value with half of the weight below it."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
