"""NanoDet: inputs that fit the frame, boxes out of distributions, ROIs out of tight boxes."""

from contextlib import closing

import numpy as np
import pytest

from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime.backends import openvino
from edge3dpose.runtime.detectors import nanodet, open_detector
from edge3dpose.runtime.detectors._person_box import roi_from_extent
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Frame


@pytest.fixture(scope="module")
def detect():
    return open_detector("nanodet")


@pytest.fixture(scope="module")
def frames():
    with closing(open_source("sample")) as source:
        return [frame for frame in source if frame.index % 20 == 0]


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        ((1920, 1080), (320, 192)),
        ((1080, 1920), (192, 320)),
        ((640, 480), (256, 192)),
        ((500, 500), (224, 224)),
        ((5000, 10), (1920, 32)),
        ((1, 1), (224, 224)),
    ],
)
def test_the_input_has_the_frames_shape_and_a_bounded_size(frame, wanted):
    size = nanodet.input_size(*frame, nanodet.QUICK)
    assert size == wanted
    assert size[0] * size[1] <= nanodet.QUICK


@pytest.mark.parametrize("search", ["thorough", "quick"])
def test_the_person_of_the_sample_is_found_with_a_tight_box(detect, frames, search):
    for frame in frames:
        (box,) = detect(frame) if search == "thorough" else detect.quick_search(frame)
        x0, y0, x1, y1 = box.extent
        assert box.score > 0.8
        assert x0 < 322 < x1
        assert 100 < y0 < 500
        assert 960 < y1 < 1080
    (box,) = detect(frames[0])
    assert (box.x0 + box.x1) / 2 == pytest.approx(322, abs=40)  # looked up in the picture
    assert (box.y0 + box.y1) / 2 == pytest.approx(555, abs=60)
    assert 900 < box.x1 - box.x0 < 1250  # the person is 850 px tall, so 2.25 m are about 1100


def test_two_people_have_two_boxes_in_a_frame_of_another_shape(detect, frames):
    image = np.concatenate([frames[0].image, frames[0].image[:, ::-1]], axis=1)
    middles = sorted((box.x0 + box.x1) / 2 for box in detect(Frame(image, 0, 0.0)))
    assert middles == pytest.approx([322, 1440 - 322], abs=40)


def test_searches_of_other_frames_in_between_change_nothing(detect, frames):
    first = detect(frames[0])
    detect(Frame(np.zeros((200, 900, 3), np.uint8), 0, 0.0))
    assert detect(frames[0]) == first


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (480, 640), (1000, 37)])
def test_nobody_is_in_noise(detect, shape):
    noise = np.random.default_rng(0).integers(90, 120, (*shape, 3), np.uint8)
    assert detect(Frame(noise, 0, 0.0)) == []


def test_a_box_comes_out_of_a_cells_distributions():
    outputs = [np.full((1, 45, 4, 6), -20, np.float32) for _ in nanodet.STRIDES]
    cell = outputs[1][0, :, 2, 3]  # of stride 16: its middle is (56, 40)
    cell[0] = 2.0
    for side, far in enumerate((1, 2, 3, 4)):  # strides to the left, up, right and down
        cell[1 + 11 * side + far] = 20.0
    extents, scores = nanodet.boxes_from_outputs(outputs)
    assert extents[0] == pytest.approx([56 - 16, 40 - 32, 56 + 48, 40 + 64], abs=1e-3)
    assert scores == pytest.approx([1 / (1 + np.exp(-2))])


def test_of_boxes_that_overlap_the_best_stays():
    boxes = np.array([[0, 0, 10, 20], [1, 0, 11, 20], [30, 0, 40, 20]], np.float32)
    extents, scores = nanodet.distinct(boxes, np.array([0.5, 0.9, 0.4], np.float32))
    assert extents.tolist() == boxes[[1, 2]].tolist()
    assert scores == pytest.approx([0.9, 0.4])


def middle_and_side(extent, size=(1000, 800)):
    box = roi_from_extent(extent, 0.5, size)
    assert box.extent == extent
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2, box.x1 - box.x0


def test_a_standing_adult_fills_three_quarters_of_the_roi():
    x, y, side = middle_and_side((400, 100, 500, 440))
    assert (x, y) == pytest.approx((450, 100 + 0.48 * 340))
    assert side == pytest.approx(340 * 2.25 / 1.7, rel=0.02)


def test_somebody_who_sits_or_is_cut_by_the_border_is_taller_than_the_box():
    assert middle_and_side((300, 100, 500, 350))[2] > 1.6 * 250
    _, y, side = middle_and_side((300, 500, 600, 800))  # a head and shoulders at the lower border
    assert y > 800
    assert side > 2.5 * 300
    x, _, side = middle_and_side((0, 100, 40, 440))  # only a side of a person is in the frame
    assert x < 0
    assert side == pytest.approx(340 * 1.32)


def test_a_changed_file_is_refused(monkeypatch, tmp_path):
    copy = tmp_path / "nanodet.onnx"
    copy.write_bytes(nanodet.FILE.read_bytes()[:-1])
    monkeypatch.setattr(nanodet, "FILE", copy)
    with pytest.raises(EngineMismatch, match="damaged"):
        open_detector("nanodet")


@pytest.mark.skipif(not openvino.computes_bf16(), reason="this CPU does not compute in BF16")
def test_in_bf16_the_same_people_are_found(detect, frames):
    half = open_detector("nanodet", bf16=True)
    for frame in frames:
        for wanted, found in zip(detect(frame), half(frame), strict=True):
            assert found.extent == pytest.approx(wanted.extent, abs=20)
            assert found.score == pytest.approx(wanted.score, abs=0.05)
