"""Errors of joint angles against marker motion capture, ours and other systems' joints alike.

    python benchmarks/angles.py ROOT --out benchmarks/angles-opencap.json

ROOT is a folder of clips as ``evaluate --dataset mocap`` takes it. Every system's joints go through
the same definitions (docs/angles.md). The vertical of each is estimated from standing, the truth's
too. The truth is matched by time with the best constant offset, as in ``evaluate``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import edge3dpose
from edge3dpose import machine, storage
from edge3dpose.evaluation import motion_errors, recordings
from edge3dpose.evaluation.recordings import Motion, Recording
from edge3dpose.kinematics import Cleaning
from edge3dpose.kinematics.angles import DEFINITIONS, joint_angles
from edge3dpose.kinematics.floor import floor_of
from edge3dpose.skeletons import H36M17
from edge3dpose.tracks import Track

SCHEMA = "edge3dpose.angle_errors/1"
LEFT_OUT = ("neck_flexion", "neck_side_bend", "pelvis_rotation")  # no joints, or no common axes
CLEANING = Cleaning(hampel=True, cutoff_hz=6.0)


def seventeen(motion: Motion, names: tuple[str, ...]) -> NDArray[np.float64]:
    """(F, 17, 3) with NaN for joints that are not measured; middles of hips and shoulders."""
    joints = np.full((len(motion.time_s), len(H36M17.joints), 3), np.nan)
    for n, name in enumerate(names):
        joints[:, H36M17.index(name)] = motion.joints_mm[:, n]
    for middle, part in (("pelvis", "hip"), ("thorax", "shoulder")):
        sides = [joints[:, H36M17.index(f"{side}_{part}")] for side in ("left", "right")]
        joints[:, H36M17.index(middle)] = sum(sides) / 2
    return joints


def angles(motion: Motion, recording: Recording, clean: Cleaning | None = None) -> dict[str, Any]:
    """Angles by name (F,), the vertical estimated from standing."""
    joints = seventeen(motion, recording.names)
    if clean is not None:
        joints = clean.apply(joints, 1 / float(np.median(np.diff(motion.time_s))))
    known = np.isfinite(joints[:, H36M17.index("thorax")]).all(-1)
    place = joints[known] - joints[known][:, :1]
    flat = np.zeros((int(known.sum()), 3))
    score = np.ones(place.shape[:2])
    track = Track(None, motion.time_s[known], _downward(place), flat, score)
    up = floor_of([track]).up
    return joint_angles(_downward(joints), up)


def _downward(joints: NDArray) -> NDArray[np.float64]:
    """Joints with y about down, as the camera's axes have it, by the direction of the trunk."""
    trunk = joints[:, H36M17.index("thorax")] - joints[:, H36M17.root]
    median = np.nanmedian(trunk / np.linalg.norm(trunk, axis=-1, keepdims=True), axis=0)
    axis = int(np.abs(median).argmax())
    turned = np.roll(joints, 1 - axis, axis=-1)  # a cyclic change keeps the handedness
    return turned if median[axis] < 0 else turned * [1, -1, -1]


def ours(recording: Recording, cut: str) -> Motion:
    """What the whole pipeline says of the clip."""
    of = [H36M17.index(name) for name in recording.names]
    times, joints = [], []
    with edge3dpose.PoseEstimator(cut=cut) as pose:
        for frame, people in pose.stream(recording.video):
            times.append(frame.time_s)
            best = max(people, key=lambda one: one.mean_score, default=None)
            joints.append(np.full((len(of), 3), np.nan) if best is None else best.joints_mm[of])
    return Motion(np.array(times), np.array(joints, float))


def errors(found: dict[str, Any], true: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Median absolute error and median of the signed one, degrees; both sides together."""
    rows = {}
    for angle in DEFINITIONS:
        if angle.name in LEFT_OUT:
            continue
        off = np.concatenate([found[name] - true[name] for name in angle.names])
        off = (off[np.isfinite(off)] + 180) % 360 - 180
        rows[angle.name] = {
            "median_abs_deg": round(float(np.median(np.abs(off))), 1),
            "median_deg": round(float(np.median(off)), 1),
            "values": len(off),
        }
    return rows


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cut", default="11")
    given = parser.parse_args()
    form = recordings.find("mocap")
    clips: dict[str, Any] = {}
    for recording in form.open_recordings(given.root):
        motion = ours(recording, given.cut)
        offset_s = motion_errors.best_offset_s(motion, recording.truth)
        true = angles(motion_errors.at_frames(recording.truth, motion.time_s, offset_s), recording)
        systems = {
            "edge3dpose": errors(angles(motion, recording), true),
            "edge3dpose --clean": errors(angles(motion, recording, CLEANING), true),
        }
        for name, answer in recording.answers.items():
            own_s = motion_errors.best_offset_s(
                motion_errors.at_frames(answer, motion.time_s), recording.truth
            )
            theirs = motion_errors.at_frames(answer, motion.time_s)
            matched = motion_errors.at_frames(recording.truth, motion.time_s, own_s)
            systems[name] = errors(angles(theirs, recording), angles(matched, recording))
        clips[recording.name] = {"offset_s": round(offset_s, 3), "systems": systems}
    content = {
        "schema": SCHEMA,
        "machine": machine.describe(),
        "cut": given.cut,
        "protocol": " ".join((__doc__ or "").split()),
        "clips": clips,
    }
    storage.save_json(given.out, content)
    for name, clip in clips.items():
        print(f"\n| {name}, median absolute error, degrees | " + " | ".join(clip["systems"]) + " |")
        print("|---|" + "---|" * len(clip["systems"]))
        for angle in next(iter(clip["systems"].values())):
            row = [str(system[angle]["median_abs_deg"]) for system in clip["systems"].values()]
            print(f"| `{angle}` | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
