"""Bones of one length for each person, learned over the run."""

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose.runtime.filters.steady_bones import SteadyBones, lengths_mm, with_lengths
from edge3dpose.types import Frame, Pose3D

IMAGE = np.zeros((8, 8, 3), np.uint8)
RNG = np.random.default_rng(0)


def person(joints, track=1, score=1.0):
    scores = np.full(17, score, np.float32)
    return Pose3D(joints.astype(np.float32), np.zeros((17, 2), np.float32), scores, track_id=track)


def wobbling(amount=0.1):
    """A standing person whose bones change their lengths at random."""
    return with_lengths(JOINTS_MM, lengths_mm(JOINTS_MM) * np.exp(RNG.normal(0, amount, 16)))


def test_lengths_settle_on_the_persons_own():
    steady = SteadyBones()
    found = [steady(Frame(IMAGE, n, n / 30), [person(wobbling())])[0].joints_mm for n in range(240)]
    lengths = np.stack([lengths_mm(one) for one in found[60:]])
    true = lengths_mm(JOINTS_MM)
    assert (lengths.std(0) / true).max() < 0.03
    np.testing.assert_allclose(np.median(lengths, 0), true, rtol=0.05)


def test_bones_keep_their_directions_and_the_root_its_place():
    steady = SteadyBones()
    for n in range(30):
        joints = wobbling()
        (out,) = steady(Frame(IMAGE, n, n / 10), [person(joints)])
    for end, start in ((2, 1), (13, 12), (10, 9)):
        one, two = (j[end] - j[start] for j in (joints, out.joints_mm))
        cosine = one @ two / np.linalg.norm(one) / np.linalg.norm(two)
        assert cosine == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(out.joints_mm[0], joints[0])


def test_two_people_have_bones_of_their_own():
    steady = SteadyBones()
    for n in range(40):
        people = [person(JOINTS_MM, 1), person(JOINTS_MM * 0.7, 2)]
        one, two = steady(Frame(IMAGE, n, n / 10), people)
    np.testing.assert_allclose(one.joints_mm, JOINTS_MM, atol=0.1)
    np.testing.assert_allclose(two.joints_mm, JOINTS_MM * 0.7, atol=0.1)


def test_joints_that_nobody_is_sure_of_do_not_count():
    steady = SteadyBones()
    for n in range(20):
        steady(Frame(IMAGE, n, n / 10), [person(JOINTS_MM)])
    for n in range(20, 80):
        (out,) = steady(Frame(IMAGE, n, n / 10), [person(JOINTS_MM * 2, score=0.1)])
    np.testing.assert_allclose(lengths_mm(out.joints_mm), lengths_mm(JOINTS_MM), rtol=1e-4)


def test_a_new_person_under_an_old_number_is_measured_anew():
    steady = SteadyBones()
    steady(Frame(IMAGE, 0, 0.0), [person(JOINTS_MM)])
    steady(Frame(IMAGE, 1, 3.0), [])
    (out,) = steady(Frame(IMAGE, 2, 6.0), [person(JOINTS_MM * 0.6)])
    np.testing.assert_allclose(out.joints_mm, JOINTS_MM * 0.6, atol=0.1)
