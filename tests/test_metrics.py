"""The protocols on poses whose errors are known by construction."""

import math

import numpy as np
import pytest

from edge3dpose import metrics


@pytest.fixture
def poses():
    return np.random.default_rng(0).normal(0, 300, (5, 17, 3))


def rotation(axis, angle):
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def test_a_shifted_person_has_no_error(poses):
    assert metrics.mpjpe(poses + np.array([10, -900, 4000]), poses) == pytest.approx(0, abs=1e-9)


def test_one_joint_170_mm_away_is_10_mm_over_17_and_more_over_16(poses):
    found = poses.copy()
    found[:, 13, 1] += 170
    assert metrics.mpjpe(found, poses) == pytest.approx(10)
    assert metrics.mpjpe_without_root(found, poses) == pytest.approx(10 * 17 / 16)


def test_a_root_that_is_wrong_counts_on_every_other_joint(poses):
    found = poses.copy()
    found[:, 0, 2] += 34
    assert metrics.mpjpe(found, poses) == pytest.approx(34 * 16 / 17)
    assert metrics.mpjpe_without_root(found, poses) == pytest.approx(34)


def test_procrustes_undoes_turn_scale_and_shift_but_not_a_mirror(poses):
    turned = 0.7 * poses @ rotation([1, 2, 3], 2.5).T + [5, 6, 7]
    assert metrics.pa_mpjpe(turned, poses) == pytest.approx(0, abs=1e-6)
    assert metrics.pa_mpjpe(poses * [-1, 1, 1], poses) > 50


def test_procrustes_finds_the_best_fit_of_a_known_square():
    # Unit square against itself with one corner lifted: the mean distance has a closed form only
    # for the identity, and the best fit must not be worse than that.
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], float)
    lifted = square.copy()
    lifted[2, 2] = 0.4
    fitted = metrics.procrustes(lifted, square)
    assert ((fitted - square) ** 2).sum() < ((lifted - square) ** 2).sum()


def test_a_collapsed_pose_scores_the_spread_of_the_truth(poses):
    centred = poses - poses.mean(axis=1, keepdims=True)
    assert metrics.pa_mpjpe(np.zeros_like(poses), poses) == pytest.approx(
        np.linalg.norm(centred, axis=-1).mean()
    )


def test_pck_and_auc_of_joints_at_known_distances(poses):
    found = poses.copy()
    found[:, 1:9, 0] += 149.9  # eight of sixteen joints just inside
    found[:, 9:, 0] += 151
    assert metrics.pck(found, poses) == pytest.approx(0.5)
    assert metrics.auc(found, poses) == pytest.approx(0.5 / 31)  # right at the 150 mm step alone
    assert metrics.auc(poses, poses) == 1.0


def test_a_mask_takes_joints_out_of_every_score(poses):
    found = poses.copy()
    found[:, 16] += 5000
    counted = np.ones((5, 17), bool)
    counted[:, 16] = False
    assert metrics.mpjpe(found, poses, counted=counted) == pytest.approx(0, abs=1e-9)
    assert metrics.pa_mpjpe(found, poses, counted=counted) == pytest.approx(0, abs=1e-6)
    assert metrics.pck(found, poses, counted=counted) == 1.0
    assert counted[:, 0].all()  # the caller's mask is not written to


def test_pck_2d_is_in_torso_lengths_of_each_person():
    true = np.zeros((2, 4, 2))
    found = true + np.array([30.0, 40.0])  # 50 px away
    assert metrics.pck_2d(found, true, [100, 99]) == 0.5
    assert metrics.pck_2d(found, true, [251, 251], fraction=0.2) == 1.0


@pytest.mark.parametrize("wrong", [np.zeros((17, 3)), np.zeros((1, 16, 3)), np.zeros((1, 17, 2))])
def test_poses_of_another_shape_are_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        metrics.mpjpe(wrong, np.zeros((1, 17, 3)))
