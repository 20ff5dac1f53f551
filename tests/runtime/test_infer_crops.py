"""An engine that cuts people out by itself: the same poses as with crops from preprocess.py."""

from dataclasses import replace
from itertools import islice

import numpy as np
import onnxruntime
import pytest
from crop_model import by_numpy

from edge3dpose import models
from edge3dpose.camera import camera_from_fov
from edge3dpose.engine_types import Engine
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.governor import GovernedEngine, Governor
from edge3dpose.runtime.sources import open_source

SPEC = models.find("sspnet-lite")
CAMERA = camera_from_fov(60, 720, 1280)
MEAN_MM, MOST_MM = 1.5, 8.0  # of a joint: as much as half a grey level of noise makes


class Plain(Engine):
    """The shipped network on the CPU."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        weights = models.open_weights(SPEC)
        self.session = onnxruntime.InferenceSession(str(weights.onnx), options)

    def __call__(self, images):
        return self.session.run(["cut11"], {"images": images})[0]


class CropsItself(Plain):
    """The same behind the arithmetic of the kernel; takes no tensors."""

    cuts_crops = True
    calls = 0

    def infer_crops(self, picture, views):
        self.calls += 1
        return super().__call__(np.stack([by_numpy(picture, view, SPEC) for view in views]))

    def __call__(self, images):
        raise AssertionError("was given a crop of the CPU")


def poses_of(engine):
    source = open_source("sample")
    # each frame by itself and its boxes as detected: the ROIs are the same for every engine
    detect = open_detector("blazepose")
    detect.exact_boxes = True
    estimate = Estimator(SPEC, engine, detect)
    found = [estimate(replace(frame, camera=CAMERA)) for frame in islice(source, 0, 40, 8)]
    source.close()
    assert estimate.clock.stages()[:4] == ["detect", "preprocess", "engine", "lift"]
    return found


@pytest.fixture(scope="module")
def wanted():
    return poses_of(Plain())


def test_poses_are_the_same_but_for_the_noise_of_rounding(wanted):
    off = []
    for here, there in zip(poses_of(CropsItself()), wanted, strict=True):
        assert len(here) == len(there)
        if not here:
            continue
        off.append(np.linalg.norm(here[0].joints_mm - there[0].joints_mm, axis=1))
        assert np.abs(here[0].pixels - there[0].pixels).max() < 2
    assert len(off) >= 3
    assert np.mean(off) < MEAN_MM
    assert np.max(off) < MOST_MM


def test_a_governed_engine_cuts_crops_with_the_current_cut(wanted):
    engines = {1: CropsItself(), 11: CropsItself()}
    engine = GovernedEngine(engines, Governor({1: 1.0, 11: 2.0}, deadline_ms=1e6))
    poses = poses_of(engine)
    assert [len(people) for people in poses] == [len(people) for people in wanted]
    assert (engine.last_cut, engines[1].calls) == (11, 0)
    assert engines[11].calls == engine.calls_by_cut[11] >= 3
    mixed = GovernedEngine({1: Plain(), 11: CropsItself()}, Governor({1: 1.0, 11: 2.0}, 9.0))
    assert not mixed.cuts_crops
