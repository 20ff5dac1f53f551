"""Similarity of poses, their assignment, pose NMS: people who stand, overlap or are ghosts."""

from dataclasses import replace

import numpy as np
import pytest
from followed import pose_at
from hypothesis import given
from hypothesis import strategies as st

from edge3dpose.runtime.tracking import pose_nms
from edge3dpose.runtime.tracking.assignment import assigned
from edge3dpose.runtime.tracking.similarity import extents, iou, oks, shapes
from edge3dpose.skeletons import H36M17


def pose(*place, **kind):
    return pose_at(*place, **kind).pose


def changed(one, points):
    return replace(one, pixels=np.asarray(points, np.float32))


def alike(a, b):
    return float(oks(shapes([a]), shapes([b]))[0, 0])


def test_a_pose_is_like_itself_and_less_so_the_farther_away():
    one = pose(300, 240, 400)
    likeness = [alike(one, pose(300 + x, 240, 400)) for x in (0, 5, 20, 60, 400)]
    assert likeness[0] == 1
    assert likeness == sorted(likeness, reverse=True)
    assert likeness[-1] < 1e-6


def test_similarity_does_not_depend_on_the_scale():
    assert alike(pose(300, 240, 400), pose(320, 240, 400)) == pytest.approx(
        alike(pose(150, 120, 200), pose(160, 120, 200))
    )


def test_joints_outside_the_frame_are_not_compared():
    one = pose(300, 240, 400)
    legs = [2, 3, 5, 6]
    score = one.score.copy()
    score[legs] = 0.02
    points = one.pixels.copy()
    points[legs] += 150
    assert alike(replace(changed(one, points), score=score), one) == 1


def test_extents_hold_the_joints_and_overlap_with_themselves():
    seen = shapes([pose(300, 240, 400), pose(900, 240, 400)])
    boxes = extents(seen)
    assert (boxes[0, :2] < seen.points[0].min(0)).all()
    assert (boxes[0, 2:] > seen.points[0].max(0)).all()
    assert iou(boxes, boxes) == pytest.approx(np.eye(2))


def brute_force(gain):
    if not len(gain):
        return 0.0
    rest = np.delete(np.arange(len(gain)), 0)
    best = brute_force(gain[rest])
    for column in range(gain.shape[1]):
        left = np.delete(gain[rest], column, axis=1) if len(rest) else gain[rest]
        best = max(best, gain[0, column] + brute_force(left))
    return best


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 10**6))
def test_the_assignment_has_the_greatest_sum(rows, columns, seed):
    gain = np.round(np.random.default_rng(seed).random((rows, columns)), 1)
    pairs = assigned(gain, 0.3)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(gain[pair] >= 0.3 for pair in pairs)
    total = sum(gain[pair] for pair in pairs)
    assert total == pytest.approx(brute_force(np.where(gain >= 0.3, gain, 0)))


def test_nothing_is_assigned_to_nobody():
    assert assigned(np.zeros((0, 3)), 0.3) == []
    assert assigned(np.zeros((2, 2)), 0.3) == []


def test_the_surer_one_of_two_equal_poses_stays():
    twins = [pose(302, 240, 400, score=0.7), pose(300, 240, 400, score=0.9)]
    assert pose_nms.distinct(twins) == [1]
    assert pose_nms.distinct(twins, [1.0, 0.5]) == [0]


def test_a_pose_with_left_and_right_exchanged_is_a_duplicate():
    one = pose(300, 240, 400)
    other = changed(pose(300, 240, 400, score=0.8), one.pixels[list(H36M17.mirror)])
    assert pose_nms.distinct([one, other]) == [0]


def test_an_upside_down_ghost_on_a_person_is_a_duplicate():
    one = pose(300, 240, 400)
    low, high = one.pixels.min(0), one.pixels.max(0)
    reversed_ = (low + high) - one.pixels
    ghost = changed(pose(300, 240, 400, score=0.7), reversed_)
    assert alike(one, ghost) < pose_nms.SAME
    assert pose_nms.distinct([one, ghost]) == [0]
    assert pose_nms.distinct([ghost, one]) == [1]


def test_a_shrunken_pose_on_a_body_is_a_duplicate():
    one = pose(300, 240, 400)
    assert pose_nms.distinct([one, pose(300, 200, 150, score=0.7)]) == [0]


@pytest.mark.parametrize("apart", [0.12, 0.2, 0.3])
def test_two_people_side_by_side_both_stay(apart):
    """From 0.27 m on, shares of an ROI of 2.25 m: shoulders behind shoulders."""
    pair = [pose(300, 240, 400), pose(300 + apart * 400, 240, 400, score=0.8)]
    assert pose_nms.distinct(pair) == [0, 1]


def test_a_person_far_behind_another_beside_the_legs_stays():
    pair = [pose(300, 240, 400), pose(390, 260, 160, score=0.8)]
    assert pose_nms.distinct(pair) == [0, 1]
