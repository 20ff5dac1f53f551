"""The GPU's crop without a GPU: its source compiled as C++, against numpy and preprocess.py."""

from dataclasses import replace
from itertools import islice

import cv2
import numpy as np
import pytest
from crop_model import CompiledKernels, by_numpy

from edge3dpose import models
from edge3dpose.errors import BadInput
from edge3dpose.runtime.gpu_crop import CROP_PARAMS, describe
from edge3dpose.runtime.planes import Nv12, planes_of
from edge3dpose.runtime.preprocess import crop_person, to_tensor, view_of
from edge3dpose.runtime.sources import open_source
from edge3dpose.types import Box, Frame

SPEC = models.find("sspnet-lite")
# OpenCV 4 rounds places to 1/32 px: at an edge from black to white that is up to 4 levels an axis
PLACES = 8.0 if int(cv2.__version__.split(".")[0]) < 5 else 0.0
BOXES = {
    "halved": Box(100, 300, 620, 1100),
    "as it is": Box(200.3, 400.7, 456.3, 656.7),
    "turned": Box(100, 300, 620, 900, angle_rad=0.7),
    "reaching outside": Box(-300, -200, 400, 500, angle_rad=-0.4),
    "all of it, turned": Box(-200, 0, 880, 1080, angle_rad=2.0),
    "tiny": Box(300, 500, 340, 540),
    "huge": Box(-1500, -1500, 2500, 2500),
    "elsewhere": Box(5000, 5000, 5600, 5600),
}


@pytest.fixture(scope="module")
def frames():
    """Real pictures, 720 x 1280."""
    source = open_source("sample")
    yield list(islice(source, 0, 60, 25))
    source.close()


@pytest.fixture(scope="module")
def kernels(tmp_path_factory):
    return CompiledKernels(tmp_path_factory.mktemp("kernels"))


def as_nv12(image, **colours):
    height, width = image.shape[:2]
    flat = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
    u, v = flat[height:].reshape(2, height // 2, width // 2)
    return Nv12(flat[:height], np.dstack([u, v]), **colours)


def on_cpu(frame, box):
    """What preprocess.py gives, (3, S, S)."""
    return to_tensor([crop_person(frame, box, SPEC.input_size)], SPEC)[0]


@pytest.mark.parametrize("name", BOXES)
def test_the_arithmetic_is_that_of_preprocess_but_for_rounding(frames, name):
    # preprocess.py rounds to whole grey levels after each halving and after the affine step
    view = view_of(BOXES[name], SPEC.input_size)
    roundings = {1: 0.5, 2: 1.0, 4: 1.5, 8: 2.0}[view.block]
    for frame in frames:
        off = 255 * np.abs(by_numpy(frame.image, view, SPEC) - on_cpu(frame, BOXES[name]))
        assert off.max() < roundings + PLACES + 0.01
        assert off.mean() < 0.25 + PLACES / 8


@pytest.mark.parametrize("name", BOXES)
def test_nv12_is_seen_as_the_bgr_that_it_decodes_to(frames, name):
    # OpenCV clips each pixel to 0..255 before it interpolates, the kernel after
    picture = as_nv12(frames[0].image)
    decoded = cv2.cvtColorTwoPlane(picture.luma, picture.chroma, cv2.COLOR_YUV2BGR_NV12)
    view = view_of(BOXES[name], SPEC.input_size)
    off = 255 * np.abs(
        by_numpy(picture, view, SPEC) - on_cpu(replace(frames[0], image=decoded), BOXES[name])
    )
    assert off.max() < 10 + PLACES
    assert np.percentile(off, 99.9) < 2.5 + PLACES
    assert off.mean() < 0.4 + PLACES / 8


@pytest.mark.parametrize("name", BOXES)
def test_the_kernels_source_gives_the_numbers_of_the_model(frames, kernels, name):
    view = view_of(BOXES[name], SPEC.input_size)
    for picture in (frames[0].image, as_nv12(frames[0].image, matrix="bt709")):
        wanted = by_numpy(picture, view, SPEC)
        assert np.array_equal(kernels(picture, view, SPEC), wanted)
        assert np.array_equal(kernels(picture, view, SPEC, half=True), wanted.astype(np.float16))


def test_random_boxes_of_pictures_with_odd_sides(kernels):
    rng = np.random.default_rng(3)
    for shape in [(1, 1), (3, 501), (333, 111), (64, 64)]:
        image = rng.integers(0, 256, (*shape, 3), np.uint8)
        for _ in range(10):
            side, (x, y) = np.exp(rng.uniform(0, 7)), rng.uniform(-100, 400, 2)
            box = Box(x, y, x + side, y + side, angle_rad=rng.uniform(-3, 3))
            view = view_of(box, SPEC.input_size)
            found = kernels(image, view, SPEC)
            assert np.array_equal(found, by_numpy(image, view, SPEC))
            off = 255 * np.abs(found - on_cpu(Frame(image, 0, 0.0), box))
            assert off.max() < 0.01 + 0.5 * view.block.bit_length() + PLACES


def test_a_networks_mean_and_std_are_applied(frames, kernels):
    spec = replace(SPEC, mean_rgb=(0.485, 0.456, 0.406), std_rgb=(0.229, 0.224, 0.225))
    view = view_of(BOXES["reaching outside"], SPEC.input_size)
    plain = kernels(frames[0].image, view, SPEC)
    found = kernels(frames[0].image, view, spec)
    mean, std = (np.array(v).reshape(3, 1, 1) for v in (spec.mean_rgb, spec.std_rgb))
    assert np.allclose(found, (plain - mean) / std, atol=1e-5)
    assert np.allclose(found[:, 0, 0], -(mean / std).ravel(), atol=1e-6)  # black, normalised


@pytest.mark.parametrize(
    ("matrix", "full_range", "yuv"),
    [  # pure red by the two recommendations, as studio and as full range
        ("bt601", False, (81, 90, 240)),
        ("bt601", True, (76, 85, 255)),
        ("bt709", False, (63, 102, 240)),
        ("bt709", True, (54, 99, 255)),
    ],
)
def test_red_is_red_by_every_matrix(kernels, matrix, full_range, yuv):
    luma = np.full((64, 64), yuv[0], np.uint8)
    chroma = np.full((32, 32, 2), yuv[1:], np.uint8)
    picture = Nv12(luma, chroma, matrix, full_range)
    found = kernels(picture, view_of(Box(16, 16, 48, 48), SPEC.input_size), SPEC)
    assert found[:, 128, 128] == pytest.approx([1, 0, 0], abs=0.015)


def test_only_the_window_is_sent_up(frames):
    view = view_of(BOXES["as it is"], SPEC.input_size)
    _, parts = describe(view, frames[0].image, SPEC)
    assert sum(part.upload_bytes for part in parts) < 3 * 260**2
    _, parts = describe(view, as_nv12(frames[0].image), SPEC)
    assert sum(part.upload_bytes for part in parts) < 1.5 * 262**2
    _, parts = describe(view_of(BOXES["elsewhere"], 256), frames[0].image, SPEC)
    assert parts[0].upload_bytes == 0


class OnDevice:
    def __init__(self, shape, strides=None, typestr="|u1", stream=7):
        self.__cuda_array_interface__ = {
            "shape": shape,
            "typestr": typestr,
            "data": (1 << 20, False),
            "version": 3,
            "strides": strides,
            "stream": stream,
        }


def test_a_picture_on_the_device_is_read_where_it_lies():
    theirs = OnDevice((1280, 720, 3), strides=(2304, 3, 1))
    view = view_of(BOXES["as it is"], SPEC.input_size)
    _, (part,) = describe(view, theirs, SPEC)
    x0, y0, *_ = view.window_px(720, 1280)
    assert (part.upload_bytes, part.pitch, part.stream) == (0, 2304, 7)
    assert part.pointer == (1 << 20) + y0 * 2304 + x0 * 3
    decoded = Nv12(OnDevice((1080, 1920), (2048, 1)), OnDevice((540, 960, 2), (2048, 2, 1)))
    assert [plane.pitch for plane in planes_of(decoded)] == [2048, 2048]


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        Nv12(np.zeros((5, 4), np.uint8), np.zeros((2, 2, 2), np.uint8)),
        Nv12(np.zeros((4, 4), np.uint8), np.zeros((2, 2), np.uint8)),
        OnDevice((4, 4, 3), typestr="<f4"),
        OnDevice((4, 4, 3), strides=(16, 4, 1)),
        "a name",
    ],
)
def test_what_is_no_picture_is_one_clear_line(picture):
    with pytest.raises(BadInput, match="wanted"):
        describe(view_of(Box(0, 0, 4, 4), 8), picture, SPEC)


def test_the_parameters_are_as_large_as_the_kernels():
    assert CROP_PARAMS.itemsize == 112
