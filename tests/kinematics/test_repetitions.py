"""Every exercise is counted: on motion capture where there is a clip, else on joints of angles."""

import os
from pathlib import Path

import moving
import numpy as np
import pytest
import standing

from edge3dpose import rotations
from edge3dpose.kinematics.angles import joint_angles
from edge3dpose.kinematics.repetitions import EXERCISES, repetitions, rule_of
from edge3dpose.skeletons import H36M17

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
RATE_HZ = 25.0


@pytest.fixture(scope="module")
def clips():
    """Captured clips by name: what gives joints (F, 17, 3) in camera axes, and frames a second."""
    found, rig = {}, moving.stick_rig()
    for file in (SHARED / f"data/mocap/{source}_segments_f16.npz" for source in ("more", "cmu")):
        if not file.is_file():
            pytest.skip(f"the development data are not here: {file.name}")
        content = np.load(file)
        pieces = np.split(content["quat"], content["start"][1:-1])
        for name, turns, rate_hz in zip(content["names"], pieces, content["fps"], strict=True):
            found[str(name)] = turns, rate_hz

    def joints(turns):
        world = rotations.unit(turns.astype(float))[..., [3, 0, 1, 2]]
        return 1000 * rig.joints_over_time(world) * [1, -1, -1]

    return {
        name: (lambda turns=turns: joints(turns), rate) for name, (turns, rate) in found.items()
    }


def counted(exercise, joints, rate_hz=RATE_HZ):
    time_s = np.arange(len(joints)) / rate_hz
    return repetitions(rule_of(exercise), time_s, joint_angles(joints)).count


def of_clips(clips, beginning, exercise):
    """The counts of all clips whose names begin so."""
    found = {name: clip for name, clip in clips.items() if name.startswith(beginning)}
    return [counted(exercise, joints(), rate_hz) for joints, rate_hz in found.values()]


@pytest.mark.parametrize(
    ("beginning", "least"), [("uiprmd_cor_m01", 36), ("uiprmd_cor_m05", 38), ("uiprmd_inc_m01", 18)]
)
def test_a_clip_of_one_squat_counts_one(clips, beginning, least):
    counts = of_clips(clips, beginning, "squat")
    assert sum(count == 1 for count in counts) >= least
    assert max(counts) == 1


@pytest.mark.parametrize("movement", ["m06", "m07", "m08", "m09", "m10"])
def test_other_exercises_are_not_counted(clips, movement):
    for exercise in EXERCISES:
        assert sum(of_clips(clips, f"uiprmd_cor_{movement}", exercise)) == 0
        assert sum(of_clips(clips, f"uiprmd_inc_{movement}", exercise)) == 0


@pytest.mark.parametrize(
    ("name", "exercise", "times", "wanted"),
    [("m2m_pushup", "pushup", 4, 4), ("m2m_jumping-jacks", "jack", 5, 4),
     ("ad_cmu_jumping_jacks", "jack", 1, 3)],
)  # fmt: skip
def test_push_ups_and_jumping_jacks_of_clips(clips, name, exercise, times, wanted):
    joints, rate_hz = clips[name]
    assert counted(exercise, np.tile(joints(), (times, 1, 1)), rate_hz) == wanted  # clips are loops


def bent(joints, names, centre, degrees):
    """Joints by name turned about a line from right to left: what points down goes forward."""
    out = joints.copy()
    at, rows = joints[H36M17.index(centre)], [H36M17.index(name) for name in names]
    angle = np.radians(degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    out[rows] = (joints[rows] - at) @ turn + at
    return out


def waves(count, low, high, seconds=2.5):
    """(F,) degrees: from low to high and back so many times, then still for a second."""
    phase = np.arange(round(count * seconds * RATE_HZ)) / (seconds * RATE_HZ)
    still = np.full(round(RATE_HZ), float(low))
    moving_part = low + (high - low) * (1 - np.cos(2 * np.pi * phase)) / 2
    return np.concatenate([still, moving_part, still])


def noisy(frames):
    """With 20 mm of noise at every joint."""
    joints = np.stack(frames)
    return joints + np.random.default_rng(1).normal(size=joints.shape) * 20


UPPER = ["spine", "thorax", "neck", "head_top"] + [
    f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")
]


def curl(left, right):
    return [
        bent(bent(standing.JOINTS_MM, ["left_wrist"], "left_elbow", a), ["right_wrist"],
             "right_elbow", b)
        for a, b in zip(left, right, strict=True)
    ]  # fmt: skip


def test_curls_with_both_arms_with_one_and_with_one_after_the_other():
    up, rest = waves(5, 5, 130), np.full(len(waves(5, 5, 130)), 5.0)
    assert counted("curl", noisy(curl(up, up))) == 5
    assert counted("curl", noisy(curl(rest, up))) == 5
    turns = np.concatenate([up, rest]), np.concatenate([rest, up])
    assert counted("curl", noisy(curl(*turns))) == 10
    assert counted("curl", noisy(curl(waves(5, 5, 60), rest))) == 0  # not far enough


@pytest.mark.parametrize("knees", [0.0, 80.0])
def test_sit_ups_with_straight_and_with_bent_legs(knees):
    flat = bent(standing.JOINTS_MM, H36M17.joints, "pelvis", 90.0)
    for side in ("left", "right"):
        flat = bent(flat, [f"{side}_knee", f"{side}_ankle"], f"{side}_hip", knees / 2)
        flat = bent(flat, [f"{side}_ankle"], f"{side}_knee", -knees)
    frames = [bent(flat, UPPER, "pelvis", -degrees) for degrees in waves(4, 0, 100 - knees / 4)]
    assert counted("situp", noisy(frames)) == 4
    crunches = [bent(flat, UPPER, "pelvis", -degrees) for degrees in waves(4, 0, 25)]
    assert counted("situp", noisy(crunches)) == 0


def test_push_ups_of_angles():
    ahead = [name for name in UPPER if name.endswith(("elbow", "wrist"))]
    frames = []
    for degrees in waves(6, 10, 100):
        body = standing.JOINTS_MM
        for side in ("left", "right"):
            arm = [name for name in ahead if name.startswith(side)]
            body = bent(body, arm, f"{side}_shoulder", 90 - degrees / 2)
            body = bent(body, arm[1:], f"{side}_elbow", degrees)
        frames.append(bent(body, H36M17.joints, "pelvis", -80.0))
    assert counted("pushup", noisy(frames)) == 6
