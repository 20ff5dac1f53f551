"""What the temporal lift is given, and how its answer becomes a pose."""

import numpy as np
import pytest

from edge3dpose.runtime import lift_features
from edge3dpose.runtime.lift_features import ANSWERS, FEATURES, Observation, posed, turned

RNG = np.random.default_rng(0)


def seen(people=4, assumed=0.0):
    """People at any place, whom the network sees without an error; and their true joints."""
    root = np.concatenate([RNG.normal(0, 0.4, (people, 2)), np.ones((people, 1))], 1)
    root *= RNG.uniform(1500, 6000, (people, 1))
    joints = RNG.normal(0, 350, (people, 17, 3))
    joints -= joints[:, :1]
    points = joints + root[:, None]
    ones = np.ones(people)
    what = Observation(
        points[..., :2] / points[..., 2:],
        joints[..., 2],
        np.ones((people, 17)),
        root[:, 2],
        ones,
        ones * assumed,
        ones * 0,
    )
    return what, joints, root


def test_an_empty_answer_leaves_the_pose_as_the_network_gave_it():
    what, joints, _ = seen()
    found, factor, std = posed(np.zeros((4, ANSWERS)), turned(what))
    np.testing.assert_allclose(found, joints, atol=0.01)
    np.testing.assert_array_equal(factor, 1)
    np.testing.assert_array_equal(std, 1000)


def test_the_root_lies_on_the_axis_of_the_turned_camera():
    what, _, root = seen()
    at = turned(what)
    turned_root = np.einsum("nij,nj->ni", at.turn, root)
    np.testing.assert_allclose(turned_root[:, :2], 0, atol=0.01)
    np.testing.assert_allclose(at.far_mm, np.linalg.norm(root, axis=1), rtol=1e-5)
    np.testing.assert_allclose(at.flat_mm[:, 0], 0, atol=0.01)


def test_a_pose_looks_the_same_wherever_in_the_frame_it_is():
    """Turn a person about the camera: place and depth in the turned camera stay."""
    what, joints, root = seen(1)
    at = turned(what)
    axis = np.array([0.2, 0.9, 0.1])
    angle = 0.3
    k = np.cross(np.eye(3), axis / np.linalg.norm(axis))
    turn = np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k
    points = (joints + root[:, None]) @ turn.T
    moved = Observation(
        points[..., :2] / points[..., 2:],
        points[..., 2] - points[:, :1, 2],
        what.score,
        points[:, 0, 2],
        what.has_depth,
        what.assumed,
        what.step_s,
    )
    again = turned(moved)
    np.testing.assert_allclose(again.far_mm, at.far_mm, rtol=1e-5)
    # up to a roll about the axis, which no smallest turn can keep
    np.testing.assert_allclose(
        np.linalg.norm(again.flat_mm, axis=2), np.linalg.norm(at.flat_mm, axis=2), atol=0.5
    )
    np.testing.assert_allclose(again.deep_mm, at.deep_mm, atol=0.5)


def test_a_scale_moves_the_person_away_and_makes_the_body_larger_by_as_much():
    what, joints, _ = seen()
    answer = np.zeros((4, ANSWERS))
    answer[:, 51] = 0.2
    found, factor, _ = posed(answer, turned(what))
    assert factor == pytest.approx(np.exp(np.tanh(0.2) * 0.7))
    np.testing.assert_allclose(found, joints * factor[:, None, None], rtol=1e-4, atol=0.02)


def test_features_say_how_the_camera_looks_and_when():
    what, _, root = seen(assumed=1.0)
    given = lift_features.features(what, turned(what))
    assert given.shape == (4, FEATURES)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given[:, 68:70], root[:, :2] / root[:, 2:], rtol=1e-5)
    assert given[:, 71:74].tolist() == [[1, 1, 1]] * 4  # depths, an assumed camera, a first frame
    later = lift_features.features(
        Observation(*(getattr(what, n) for n in what.__slots__[:-1]), np.full(4, 1 / 30)),
        turned(what),
    )
    assert later[0, 73] == 0
    assert later[0, 74] == pytest.approx(0, abs=1e-6)


def test_depths_that_are_not_known_are_nought():
    what, _, _ = seen()
    blind = Observation(
        *(getattr(what, n) for n in what.__slots__[:4]), np.zeros(4), *[np.ones(4)] * 2
    )
    assert not turned(blind).deep_mm.any()
