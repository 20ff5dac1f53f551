"""sspnet-mid: depths and scores of SSP-Net, places of MoveNet; the shipped file, and its making."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

import edge3dpose
from edge3dpose import errors, models
from edge3dpose.compiler.cut import cut
from edge3dpose.engine_types import ModelSpec
from edge3dpose.models.sspnet import SSPNET_LITE, SSPNET_MID
from edge3dpose.training.fusion.movenet import write
from edge3dpose.training.fusion.points import SURE, UNSURE
from edge3dpose.training.teacher import movenet

ort = pytest.importorskip("onnxruntime")
CUT = 7
SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))


@pytest.fixture(scope="module")
def thunder() -> Path:
    """MoveNet's file."""
    file = SHARED / "data" / "models" / movenet.FILE
    if not file.is_file():
        pytest.skip(f"MoveNet is not at {file}")
    return file


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """(4, 3, 256, 256) in 0..1: the person of the sample, whole, off centre and cut off."""
    from edge3dpose.runtime.preprocess import crop_person, to_tensor
    from edge3dpose.types import Box

    with edge3dpose.PoseEstimator(lift="none", cut=1) as pose:
        frame, people = next(iter(pose.stream("sample")))
    box = people[0].box
    boxes = [
        Box(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy)
        for dx, dy in ((0, 0), (40, -20), (-80, 60), (0, 150))
    ]
    return to_tensor([crop_person(frame, one, 256) for one in boxes], SSPNET_MID)


def _answers(spec: ModelSpec, crops: np.ndarray, batch: int) -> np.ndarray:
    model = cut(onnx.load(models.open_weights(spec).onnx), spec, CUT, batch)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    parts = [crops[n : n + batch] for n in range(0, len(crops), batch)]
    return np.concatenate([session.run(None, {"images": part})[0] for part in parts])


def test_depth_and_score_are_those_of_sspnet_lite(crops: np.ndarray) -> None:
    mid, lite = _answers(SSPNET_MID, crops, 2), _answers(SSPNET_LITE, crops, 2)
    np.testing.assert_allclose(mid[..., 2:], lite[..., 2:], atol=1e-5)
    apart = np.linalg.norm(mid[..., :2] - lite[..., :2], axis=-1)
    assert 0.002 < np.median(apart) < 0.03  # other places, of the same person


def test_a_batch_answers_as_one_after_the_other(crops: np.ndarray) -> None:
    one, four = _answers(SSPNET_MID, crops, 1), _answers(SSPNET_MID, crops, 4)
    np.testing.assert_allclose(one, four, atol=1e-4)


def test_its_points_are_those_of_movenet(crops: np.ndarray, thunder: Path) -> None:
    """Google's own graph gives the same points, one crop at a time, from 8-bit pixels."""
    session = ort.InferenceSession(str(thunder), providers=["CPUExecutionProvider"])
    mid, lite = _answers(SSPNET_MID, crops, 1), _answers(SSPNET_LITE, crops, 1)
    for n, crop in enumerate(crops):
        pixels = np.round(crop.transpose(1, 2, 0) * 255).astype(np.int32)
        points = session.run(None, {"input": pixels[None]})[0][0, 0]
        for joint in (2, 3, 5, 6, 12, 13, 15, 16):  # knees, ankles, elbows, wrists: not shifted
            y, x, score = points[movenet.POINT_OF_JOINT[joint]]
            share = np.clip((score - UNSURE) / (SURE - UNSURE), 0, 1)
            wanted = (1 - share) * lite[n, joint, :2] + share * np.array([x, y])
            np.testing.assert_allclose(mid[n, joint, :2], wanted, atol=1e-3)


def test_the_shipped_file_is_what_the_command_makes(thunder: Path, tmp_path: Path) -> None:
    write(thunder, tmp_path)
    made = onnx.load(tmp_path / "sspnet-mid.onnx")
    shipped = onnx.load(models.open_weights(SSPNET_MID).onnx)
    assert [n.op_type for n in made.graph.node] == [n.op_type for n in shipped.graph.node]
    assert {i.name for i in made.graph.initializer} == {i.name for i in shipped.graph.initializer}
    assert models.read_card(tmp_path / "sspnet-mid.onnx")["state"] == "trained"


def test_another_network_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(b"no network")
    with pytest.raises(errors.BadInput, match=r"another file .* movenet-thunder\.onnx"):
        write(other, tmp_path)


def test_it_runs_on_the_sample() -> None:
    with edge3dpose.PoseEstimator("sspnet-mid", cut=CUT, precision="fp32") as pose:
        frames = [people for _, people in zip(range(4), pose.stream("sample"), strict=False)]
    for _, people in frames:
        (person,) = people
        assert (person.score[[2, 3, 5, 6]] > 0.5).all()
        assert 1500 < np.ptp(person.joints_mm[:, 1]) < 2000
