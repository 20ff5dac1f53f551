"""People whose height is known are placed by their bones, and no pixel moves."""

import time

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose.camera import project
from edge3dpose.runtime.filters import body_height
from edge3dpose.runtime.roi import body_scale
from edge3dpose.types import Camera, Frame, Pose3D

LENS = Camera((900.0, 900.0), (320.0, 240.0))
FRAME = Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0)
ADULT_SEEN = body_height.SEEN_PER_MM * body_height.ADULT_MM


def seen(size, far_mm=4000.0, wrong=1.0):
    """A person of that size in adults, predicted `wrong` times too far and too large."""
    joints = (JOINTS_MM * (size * ADULT_SEEN / body_scale(JOINTS_MM))).astype(np.float32)
    root = np.array([300.0, -200.0, far_mm], np.float32)
    return Pose3D(joints * wrong, project(joints + root, LENS), np.ones(17), root * wrong)


def placed(pose, *given):
    return body_height.BodyHeight(*given)(FRAME, [pose])[0]


@pytest.mark.parametrize("wrong", [0.7, 1.0, 1.4])
def test_a_known_height_puts_people_where_they_stand(wrong):
    for size in (0.6, 1.0, 1.15):
        after = placed(seen(size, wrong=wrong), size * body_height.ADULT_MM)
        assert after.root_mm[2] == pytest.approx(4000, rel=1e-4)
        np.testing.assert_allclose(after.joints_mm, seen(size).joints_mm, rtol=1e-4, atol=0.1)
        np.testing.assert_allclose(
            project(after.joints_mm + after.root_mm, LENS), after.pixels, atol=1e-2
        )


def test_without_a_height_a_child_is_taken_for_an_adult_farther_off():
    assert placed(seen(0.6)).root_mm[2] == pytest.approx(4000 / 0.6, rel=1e-4)


def test_standard_deviations_scale_with_the_body_and_a_person_without_a_place_is_left():
    pose = seen(1.0, wrong=0.5)
    std = np.ones((17, 3), np.float32)
    uncertain = Pose3D(pose.joints_mm, pose.pixels, pose.score, pose.root_mm, std_mm=std)
    np.testing.assert_allclose(placed(uncertain).std_mm, 2.0, rtol=1e-4)
    nowhere = Pose3D(pose.joints_mm, pose.pixels, pose.score)
    assert placed(nowhere) is nowhere


def test_it_takes_microseconds():
    stage, people = body_height.BodyHeight(), [seen(1.0)]
    stage(FRAME, people)
    took = []
    for _ in range(200):
        begun = time.thread_time_ns()
        for _ in range(5):
            stage(FRAME, people)
        took.append((time.thread_time_ns() - begun) / 5e3)
    assert min(took) < 1000, "microseconds, with a margin for a slow machine"
