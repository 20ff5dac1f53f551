"""Bones that a network saw too short get their length back, and no pixel moves."""

import numpy as np
import pytest
from standing import JOINTS_MM

from edge3dpose.camera import project
from edge3dpose.runtime.filters import bone_length
from edge3dpose.skeletons import H36M17
from edge3dpose.types import Camera, Frame, Pose3D

LENS = Camera((900.0, 900.0), (320.0, 240.0))
ENDS, STARTS = np.arange(1, 17), np.array(H36M17.parents[1:])
FRAME = Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0)


def person(seed=0, far_mm=4000.0):
    """Someone of mean bones in a random pose."""
    rng = np.random.default_rng(seed)
    points = np.zeros((17, 3))
    for joint, parent in enumerate(H36M17.parents[1:], start=1):
        way = rng.normal(size=3) + np.array([0, -1 if joint in (7, 8, 9, 10) else 1, 0])
        points[joint] = (
            points[parent] + way / np.linalg.norm(way) * bone_length.LENGTHS_MM[joint - 1]
        )
    return points + np.array([200, -100, far_mm])


def flattened(points, share=0.6):
    """As a network sees it that is unsure of depth: the pixels right, z shrunk."""
    depth = points[0, 2] + share * (points[:, 2] - points[0, 2])
    return points / points[:, 2:] * depth[:, None]


def off_mm(points):
    lengths = np.linalg.norm(points[ENDS] - points[STARTS], axis=1)
    return np.abs(lengths - bone_length.LENGTHS_MM).mean()


@pytest.mark.parametrize("seed", range(6))
def test_lengths_come_back_and_pixels_stay(seed):
    true = person(seed)
    seen = flattened(true)
    better = bone_length.corrected(seen, np.full(17, 0.4))
    assert off_mm(better) < 0.8 * off_mm(seen)
    np.testing.assert_allclose(project(better, LENS), project(seen, LENS), atol=1e-6)
    assert np.linalg.norm(better - true) < np.linalg.norm(seen - true)


def test_what_the_network_is_sure_of_moves_less():
    seen = flattened(person(1))
    sure, unsure = (bone_length.corrected(seen, np.full(17, score)) for score in (1.0, 0.1))
    assert np.abs(sure - seen).mean() < 0.5 * np.abs(unsure - seen).mean()


def test_a_standing_adult_is_unchanged_and_a_child_stays_small():
    for size in (1.0, 0.6):
        points = JOINTS_MM * size + np.array([0, 0, 3000.0])
        after = bone_length.corrected(points, np.ones(17))
        assert np.abs(after - points).mean() < 25


def test_the_filter_is_a_choice_and_needs_a_place_in_space():
    correct = bone_length.BoneLength()
    seen = flattened(person(2)).astype(np.float32)
    joints, score = seen - seen[0], np.full(17, 0.5, np.float32)
    nowhere = Pose3D(joints, np.zeros((17, 2), np.float32), score)
    placed = Pose3D(joints, np.zeros((17, 2), np.float32), score, seen[0])
    same, other = correct(FRAME, [nowhere, placed])
    assert same is nowhere
    assert np.abs(other.joints_mm - joints).max() > 5
    assert (other.joints_mm[0] == 0).all()
