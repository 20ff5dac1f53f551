"""Errors of a person's motion: found and true joints of the same moments -> figures.

F frames, J joints, in mm. NaN is a joint that is not known; a frame without the person is all NaN.
Unless a name says otherwise, the middle of the hips is the origin of every frame, and one rotation
turns the whole found motion onto the true one: a camera's tilt is no error, a person who leans
wrongly in some frames is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge3dpose.metrics import Floats, Mask

FEWEST_JOINTS = 3  # of a frame, for a pose to be aligned

# bones whose length cannot change: their ends
BONES = tuple(
    (f"{side}_{start}", f"{side}_{end}")
    for side in ("left", "right")
    for start, end in (
        ("hip", "knee"),
        ("knee", "ankle"),
        ("shoulder", "elbow"),
        ("elbow", "wrist"),
    )
)
# joint angle -> (from, corner, to) of each side, and whether 180 degrees at the corner count as 0
ANGLES = {
    "knee_flexion": (("hip", "knee", "ankle"), True),
    "hip_flexion": (("shoulder", "hip", "knee"), True),
    "elbow_flexion": (("shoulder", "elbow", "wrist"), True),
    "shoulder_elevation": (("hip", "shoulder", "elbow"), False),
}
_LONGEST_STEP = 2.5  # median steps in time, over which a velocity is still taken


def pa_errors(found: Floats, true: Floats) -> Floats:
    """Distance of each joint after the best rotation, scale and translation of its own frame.

    (F, J, 3) twice -> (F, J); NaN where a joint, or a frame with too few joints, is unknown.
    """
    known = np.isfinite(found).all(axis=-1) & np.isfinite(true).all(axis=-1)
    known &= known.sum(axis=1, keepdims=True) >= FEWEST_JOINTS
    weight = known[..., None].astype(float)
    count = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    a, b = np.where(weight > 0, found, 0.0), np.where(weight > 0, true, 0.0)
    a = (a - a.sum(axis=1, keepdims=True) / count) * weight
    b = (b - b.sum(axis=1, keepdims=True) / count) * weight
    rotation, stretch = _rotations(a, b)
    spread = (a**2).sum(axis=(1, 2))
    scale = np.divide(stretch, spread, out=np.zeros_like(spread), where=spread > 0)
    aligned = scale[:, None, None] * (a @ rotation.transpose(0, 2, 1))
    return np.where(known, np.linalg.norm(aligned - b, axis=-1), np.nan)


def from_hips(joints: Floats, names: tuple[str, ...]) -> Floats:
    """The joints from the middle of the hips of each frame: (F, J, 3)."""
    return joints - hips(joints, names)[:, None]


def hips(joints: Floats, names: tuple[str, ...]) -> Floats:
    """The middle of the hips: (F, J, 3) -> (F, 3)."""
    left, right = names.index("left_hip"), names.index("right_hip")
    return (joints[:, left] + joints[:, right]) / 2


def turned_once(found: Floats, true: Floats) -> Floats:
    """``found`` turned by the one rotation that brings it nearest to ``true``: (F, J, 3)."""
    known = (np.isfinite(found) & np.isfinite(true)).all(axis=-1)
    if not known.any():
        return found
    rotation, _ = _rotations(found[known][None], true[known][None])
    return np.asarray(found @ rotation[0].T)


def distances(found: Floats, true: Floats) -> Floats:
    """Distance of each joint as it is: (F, J) mm."""
    return np.linalg.norm(found - true, axis=-1)


def velocities(joints: Floats, time_s: Floats) -> Floats:
    """From each frame to the next: (F - 1, J, 3) mm/s; NaN over a gap."""
    step_s = np.diff(time_s)
    usable = (step_s > 0) & (step_s <= _LONGEST_STEP * np.median(step_s)) if len(step_s) else step_s
    return np.diff(joints, axis=0) / np.where(usable, step_s, np.nan)[:, None, None]


def accelerations(joints: Floats, time_s: Floats) -> Floats:
    """At each frame but the first and the last: (F - 2, J, 3) mm/s2; NaN beside a gap."""
    middle_s = (time_s[1:] + time_s[:-1]) / 2
    return np.diff(velocities(joints, time_s), axis=0) / np.diff(middle_s)[:, None, None]


def bone_wobble(joints: Floats, names: tuple[str, ...]) -> float:
    """Standard deviation of a bone's length over its mean: the mean of the limbs' bones."""
    shares = []
    for start, end in BONES:
        if start in names and end in names:
            bone = joints[:, names.index(end)] - joints[:, names.index(start)]
            lengths = np.linalg.norm(bone, axis=-1)
            lengths = lengths[np.isfinite(lengths)]
            if len(lengths):
                shares.append(float(lengths.std() / lengths.mean()))
    return mean(np.array(shares))


def angles_deg(joints: Floats, names: tuple[str, ...], angle: str) -> Floats:
    """One of ANGLES of the left and the right side: (F, 2) degrees; NaN where unknown."""
    corners, straight_is_0 = ANGLES[angle]
    sides = []
    for side in ("left", "right"):
        parts = [f"{side}_{corner}" for corner in corners]
        if not set(parts) <= set(names):
            sides.append(np.full(len(joints), np.nan))
            continue
        start, corner, end = (joints[:, names.index(part)] for part in parts)
        a, b = start - corner, end - corner
        size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            at_corner = np.degrees(np.arccos(np.clip((a * b).sum(axis=-1) / size, -1, 1)))
        sides.append(180 - at_corner if straight_is_0 else at_corner)
    return np.stack(sides, axis=1)


def sampled(joints: Floats, time_s: Floats, at_s: Floats) -> Floats:
    """The joints at other moments, by linear interpolation: (len(at_s), J, 3).

    NaN before the first and after the last moment, and beside an unknown joint.
    """
    after = np.clip(np.searchsorted(time_s, at_s), 1, len(time_s) - 1)
    share = (at_s - time_s[after - 1]) / (time_s[after] - time_s[after - 1])
    slack = 1e-6  # times are float32 in files
    inside = (share >= -slack) & (share <= 1 + slack)
    share = np.clip(share, 0, 1)[:, None, None]
    between = (1 - share) * joints[after - 1] + share * joints[after]
    between = np.where(share == 0, joints[after - 1], between)
    between = np.where(share == 1, joints[after], between)
    return np.where(inside[:, None, None], between, np.nan)


def mean(values: NDArray) -> float:
    """The mean of those that are known; NaN of none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def known_frames(joints: Floats) -> Mask:
    """(F,) frames in which the person is there."""
    return np.asarray(np.isfinite(joints).all(axis=-1).any(axis=-1))


def _rotations(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Rotations (N, 3, 3) that bring a (N, P, 3) nearest to b, and trace(R a' b) of each.

    Kabsch 1976, Umeyama 1991; no reflection.
    """
    u, singular, vt = np.linalg.svd(b.transpose(0, 2, 1) @ a)
    signs = np.ones_like(singular)
    signs[:, 2] = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0)
    return (u * signs[:, None]) @ vt, (singular * signs).sum(axis=1)
