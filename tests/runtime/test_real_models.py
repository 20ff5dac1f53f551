"""Published weights with spec files of the package: MoveNet and BlazePose on the sample."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

import edge3dpose
from edge3dpose.compiler import adopt

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
FILES = {
    "movenet-lightning": "movenet-lightning.onnx",
    "movenet-thunder": "movenet-thunder.onnx",
    "blazepose-full": "pose_landmark_full.onnx",
}


@pytest.fixture(scope="module")
def ours():
    with edge3dpose.PoseEstimator(lift="none", smooth=False) as pose:
        return [people for _, people in pose.stream("sample")][:30:3]


@pytest.mark.parametrize("name", FILES)
def test_it_follows_the_person_of_the_sample(name, ours, tmp_path, monkeypatch):
    network = SHARED / "data" / "models" / FILES[name]
    if not network.is_file():
        pytest.skip(f"no {network}")
    monkeypatch.setenv("EDGE3DPOSE_HOME", str(tmp_path))
    adopt.add(Path(name), network)
    with edge3dpose.PoseEstimator(name) as pose:
        found = [people for _, people in pose.stream("sample")][:30:3]
    for people, same in zip(found, ours, strict=True):
        assert len(people) == 1
        person, wanted = people[0], same[0]
        side = wanted.box.x1 - wanted.box.x0
        off = np.linalg.norm(person.in_h36m17().pixels - wanted.pixels, axis=1) / side
        limbs = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16]
        assert np.median(off[limbs]) < 0.04
        assert person.track_id == 0
        assert person.is_3d == (name == "blazepose-full")
    if name == "blazepose-full":
        mapped = [people[0].in_h36m17() for people in found]
        legs = [np.linalg.norm(p["left_hip"] - p["left_knee"]) for p in mapped]
        assert 300 < np.median(legs) < 550
        depths = [p.root_mm[2] for p in mapped]
        assert np.std(depths) / np.mean(depths) < 0.1
