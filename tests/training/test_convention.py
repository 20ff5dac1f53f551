"""The map from MediaPipe's landmarks to our joints."""

import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.skeletons import H36M17
from edge3dpose.training.teacher import convention


def crowd(count=400):
    """Landmarks of people, and joints that are what a known map makes of them."""
    rng = np.random.default_rng(0)
    marks = rng.normal(0, 60, (count, 33, 2)) + rng.uniform(0, 256, (count, 1, 2))
    truth = rng.dirichlet(np.full(33, 0.2), 17)
    swapped = truth[list(H36M17.mirror)][:, convention.mirrored_landmarks()]
    truth = (truth + swapped) / 2  # the same for a mirror image
    return marks, truth @ marks, truth


def test_a_map_is_found_again_and_adds_up_to_one():
    marks, joints, truth = crowd()
    weights = convention.fit(marks, joints, np.ones((400, 17), bool), H36M17.mirror)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-9)
    off = np.linalg.norm(weights @ marks - joints, axis=-1)
    assert np.median(off) < 2
    assert np.abs(weights - truth).max() < 0.05


def test_joints_that_do_not_count_do_not_spoil_the_map():
    marks, joints, _ = crowd()
    counted = np.random.default_rng(1).random((400, 17)) < 0.7
    spoiled = np.where(counted[..., None], joints, 1e4)
    weights = convention.fit(marks, spoiled, counted, H36M17.mirror)
    assert np.median(np.linalg.norm(weights @ marks - joints, axis=-1)) < 2


def test_the_map_in_the_package_moves_and_mirrors_with_the_person():
    weights = convention.load()
    assert weights.shape == (17, 33)
    marks = np.random.default_rng(0).normal(0, 200, (33, 3))
    np.testing.assert_allclose(weights @ (marks + 500), weights @ marks + 500)
    flip = np.array([-1, 1, 1])
    mirrored = weights @ (marks * flip)[convention.mirrored_landmarks()]
    # weights are stored with four digits
    np.testing.assert_allclose(mirrored[list(H36M17.mirror)] * flip, weights @ marks, atol=2)


def test_a_map_is_read_back_as_it_was_written(tmp_path):
    marks, joints, _ = crowd()
    weights = convention.fit(marks, joints, np.ones((400, 17), bool), H36M17.mirror)
    convention.save(weights, {"renders": 400}, tmp_path / "map.json")
    np.testing.assert_allclose(convention.load(tmp_path / "map.json"), weights, atol=1e-3)
    (tmp_path / "map.json").write_text("{}")
    with pytest.raises(BadInput, match="no convention map"):
        convention.load(tmp_path / "map.json")
