"""The filter is as late as it says, calms what stands still, and keeps people apart."""

import math
from dataclasses import replace

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose.runtime.filters import one_euro
from edge3dpose.types import Frame, Pose3D

BLACK = np.zeros((4, 4, 3), np.uint8)


def at(time_s):
    return Frame(BLACK, 0, time_s)


def person(shift_mm=0.0, *, noise=None, track_id=0):
    joints = JOINTS_MM + (0 if noise is None else noise)
    joints = joints - joints[0]
    return Pose3D(
        joints.astype(np.float32),
        np.zeros((17, 2), np.float32),
        np.ones(17, np.float32),
        np.array([shift_mm, 0, 3000], np.float32),
        track_id,
    )


@pytest.mark.parametrize("speed_mm_s", [250.0, 800.0, 2400.0])
@pytest.mark.parametrize("fps", [30, 60])
def test_its_delay_is_the_documented_one(speed_mm_s, fps):
    smooth = one_euro.OneEuro()
    for step in range(5 * fps):
        time_s = step / fps
        (pose,) = smooth(at(time_s), [person(speed_mm_s * time_s)])
    delay_s = time_s - pose.root_mm[0] / speed_mm_s
    stated_s = 1 / (2 * math.pi * (one_euro.MIN_CUTOFF_HZ + one_euro.BETA * speed_mm_s))
    assert delay_s == pytest.approx(stated_s, rel=0.1)


def test_the_figures_in_its_text_are_those_of_its_constants():
    for speed, text in ((0, "94 ms at rest"), (250, "59 ms"), (800, "32 ms"), (2400, "14 ms")):
        stated_s = 1 / (2 * math.pi * (one_euro.MIN_CUTOFF_HZ + one_euro.BETA * speed))
        assert f"{stated_s * 1000:.0f}" in text
        assert text in one_euro.__doc__


def test_a_jittering_pose_gets_calmer_and_stays_in_place():
    rng = np.random.default_rng(0)
    smooth = one_euro.OneEuro()
    raw, calm = [], []
    for step in range(300):
        pose = person(noise=rng.normal(0, 8, (17, 3)))
        (out,) = smooth(at(step / 30), [pose])
        raw.append(pose.joints_mm)
        calm.append(out.joints_mm)
    raw, calm = np.array(raw[30:]), np.array(calm[30:])
    jitter = np.linalg.norm(np.diff(calm, axis=0), axis=-1).mean()
    assert jitter < 0.45 * np.linalg.norm(np.diff(raw, axis=0), axis=-1).mean()
    assert np.abs(calm.mean(axis=0) - JOINTS_MM).max() < 4
    assert (calm[:, 0] == 0).all()


def test_two_people_do_not_mix_and_order_does_not_matter():
    smooth = one_euro.OneEuro()
    for step in range(10):
        people = [person(0, track_id=3), person(4000, track_id=5)]
        out = smooth(at(step / 30), people[:: 1 if step % 2 else -1])
        by_id = {pose.track_id: pose.root_mm[0] for pose in out}
        assert by_id == pytest.approx({3: 0, 5: 4000})


def test_after_a_gap_a_person_starts_afresh():
    smooth = one_euro.OneEuro()
    smooth(at(0.0), [person(0)])
    (pose,) = smooth(at(one_euro.FORGET_S + 0.1), [person(2000)])
    assert pose.root_mm[0] == 2000


def test_a_pose_without_a_place_keeps_none():
    smooth = one_euro.OneEuro()
    for step in range(3):
        poses = [Pose3D(JOINTS_MM, np.zeros((17, 2), np.float32), np.ones(17, np.float32))]
        (pose,) = smooth(at(step / 30), poses)
        assert pose.root_mm is None
        assert np.allclose(pose.joints_mm, JOINTS_MM)


def test_a_distance_that_is_not_sure_does_not_throw_the_person_about():
    """6 % of noise at 5 m would be steps of some 10 m/s; a person who walks away is followed."""
    rng = np.random.default_rng(0)
    smooth = one_euro.OneEuro()
    found, true = [], []
    for step in range(150):
        away = 3000 + 1400 * step / 30
        pose = person()
        pose = replace(pose, root_mm=np.array([0.3, 0.1, 1]) * away * np.exp(rng.normal(0, 0.02)))
        (out,) = smooth(at(step / 30), [pose])
        found.append(out.root_mm)
        true.append(away)
    found = np.array(found)
    speeds = np.linalg.norm(np.diff(found, axis=0), axis=1) * 30
    assert (speeds > 5000).mean() <= 0.02
    assert abs(found[-30:, 2] / true[-30:] - 1).mean() < 0.05
    # its direction is kept but for the joints' own filter
    np.testing.assert_allclose(found[-1, 0] / found[-1, 2], 0.3, atol=0.01)
