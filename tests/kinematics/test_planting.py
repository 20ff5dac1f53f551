"""Feet that stand stay where they are though the distance from the camera wanders."""

import numpy as np
import pytest
from test_angles import person, walk

from edge3dpose.kinematics.planting import planted
from edge3dpose.kinematics.rig import adult_rig
from edge3dpose.skeletons import H36M17

ANKLES = [H36M17.index("left_ankle"), H36M17.index("right_ankle")]
FPS = 30


def slower_foot_mm_s(joints):
    steps = np.diff(joints[:, ANKLES][:, :, ::2], axis=0)
    return FPS * np.linalg.norm(steps, axis=-1).min(-1)


def wandering(count):
    rng = np.random.default_rng(0)
    drift = np.cumsum(rng.normal(size=(count, 3)) * 8, axis=0)
    return (drift - drift.mean(0)) * [0.3, 0, 1]


def on_the_floor(joints):
    lowest = joints[:, ANKLES, 1].max(-1) + adult_rig().ankle_mm
    return joints - lowest[:, None, None] * [0, 1, 0]


def test_who_stands_stands_still():
    joints = on_the_floor(np.tile(person(), (300, 1, 1)) + wandering(300)[:, None])
    before = np.median(slower_foot_mm_s(joints))
    after = slower_foot_mm_s(planted(joints, adult_rig().ankle_mm, FPS))
    assert before > 100
    assert np.median(after) < 30


def test_a_walk_goes_as_far_and_its_feet_slide_less():
    _, joints = walk(seconds=8.0)
    place = np.zeros((len(joints), 3))
    place[:, 0] = np.arange(len(joints)) / FPS * 1300
    joints = on_the_floor(joints + (place + wandering(len(joints)))[:, None])
    found = planted(joints, adult_rig().ankle_mm, FPS)
    before, after = (np.median(slower_foot_mm_s(one)) for one in (joints, found))
    assert after < 0.75 * before
    travelled = found[-1, 0, 0] - found[0, 0, 0]
    assert travelled == pytest.approx(joints[-1, 0, 0] - joints[0, 0, 0], rel=0.15)
    assert found[:, :, 1] == pytest.approx(joints[:, :, 1])


def test_gaps_and_one_frame_stay():
    joints = on_the_floor(np.tile(person(), (20, 1, 1)))
    joints[5:19] = np.nan
    found = planted(joints, adult_rig().ankle_mm, FPS)
    assert np.isnan(found[5:19]).all()
    assert found[[0, 4, 19]] == pytest.approx(joints[[0, 4, 19]])
