"""Seen in a mirror too: who is seen so must not care which of the two is the mirror image."""

import numpy as np
import pytest

from edge3dpose.engine_types import EngineConfig
from edge3dpose.runtime import backends
from edge3dpose.runtime.flip_test import flip_tested
from edge3dpose.selection.engine import ensure_built
from edge3dpose.skeletons import H36M17

IMAGES = np.random.default_rng(7).random((2, 3, 256, 256), np.float32)


def test_a_picture_and_its_mirror_image_have_mirrored_poses(small_weights, tmp_path):
    path = ensure_built(EngineConfig(small_weights, 2, "fp32", "onnxruntime"), tmp_path)
    engine = backends.find("onnxruntime").open_engine(path, small_weights.spec)
    see = flip_tested(engine, H36M17)
    direct, of_image = see(IMAGES), see(np.ascontiguousarray(IMAGES[..., ::-1]))
    engine.close()
    assert direct.dtype == np.float32
    back = of_image[:, list(H36M17.mirror)]
    back[..., 0] = 1 - back[..., 0]
    np.testing.assert_allclose(back, direct, atol=1e-5)
    assert np.abs(of_image - direct).max() > 1e-3


def test_a_pose_and_the_same_one_seen_in_a_mirror_are_that_pose():
    left_wrist, right_wrist = (H36M17.joints.index(f"{side}_wrist") for side in ("left", "right"))
    pose = np.full((1, 17, 4), 0.5, np.float32)
    pose[0, left_wrist] = (0.8, 0.3, 0.6, 0.9)
    pose[0, right_wrist] = (0.1, 0.7, 0.4, 0.5)
    image = np.full((1, 17, 4), 0.5, np.float32)
    image[0, right_wrist] = (0.2, 0.3, 0.6, 0.7)  # what is left is right there
    image[0, left_wrist] = (0.9, 0.7, 0.4, 0.3)
    answers = iter([pose, image])
    found = flip_tested(lambda images: next(answers), H36M17)(IMAGES[:1])
    assert found[0, left_wrist] == pytest.approx((0.8, 0.3, 0.6, 0.8))
    assert found[0, right_wrist] == pytest.approx((0.1, 0.7, 0.4, 0.4))
