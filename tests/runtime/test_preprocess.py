"""Frame pixels, crop pixels and tensors agree to a fraction of a pixel."""

import numpy as np
import pytest

from edge3dpose import models
from edge3dpose.runtime.preprocess import crop_person, to_tensor
from edge3dpose.types import Box, Crop, Frame


def dot_frame(x_px, y_px, *, sigma_px, size=(480, 640)):
    """A bright blob whose middle is (x, y) where pixel (0, 0) covers 0..1."""
    ys, xs = np.mgrid[: size[0], : size[1]] + 0.5
    blob = 255 * np.exp(-((xs - x_px) ** 2 + (ys - y_px) ** 2) / (2 * sigma_px**2))
    return Frame(np.repeat(blob[..., None], 3, axis=2).astype(np.uint8), 0, 0.0)


def middle_of(image):
    weights = image[..., 0].astype(np.float64)
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(weights * xs).sum(), (weights * ys).sum()]) / weights.sum()


@pytest.mark.parametrize("side_px", [40.0, 128.0, 200.5, 300.0, 401.7])
def test_a_dot_comes_back_at_its_pixel(side_px):
    x_px, y_px = 301.3, 222.8
    frame = dot_frame(x_px, y_px, sigma_px=side_px / 30)
    x0, y0 = x_px - 0.4 * side_px, y_px - 0.55 * side_px
    crop = crop_person(frame, Box(x0, y0, x0 + side_px, y0 + side_px), 128)
    found = crop.frame_from_crop @ np.append(middle_of(crop.image), 1)
    assert np.abs(found - (x_px, y_px)).max() < 0.06


@pytest.mark.parametrize("side_px", [100.0, 401.7])
@pytest.mark.parametrize("angle_rad", [-2.5, 0.6, 1.57])
def test_a_dot_comes_back_from_a_turned_box(side_px, angle_rad):
    frame = dot_frame(301.3, 222.8, sigma_px=side_px / 30)
    middle = np.array([301.3 + 0.2 * side_px, 222.8 - 0.15 * side_px])
    box = Box(*(middle - side_px / 2), *(middle + side_px / 2), angle_rad=angle_rad)
    crop = crop_person(frame, box, 128)
    found = crop.frame_from_crop @ np.append(middle_of(crop.image), 1)
    assert np.abs(found - (301.3, 222.8)).max() < 0.06


def test_a_box_turned_with_a_person_who_lies_gives_an_upright_crop():
    frame = dot_frame(350.0, 200.0, sigma_px=3)  # the head, to the right of the pelvis
    crop = crop_person(frame, Box(150, 100, 350, 300, angle_rad=np.pi / 2), 100)
    assert middle_of(crop.image) == pytest.approx([50, 0], abs=2)


def test_outside_the_frame_is_black():
    frame = Frame(np.full((50, 60, 3), 200, np.uint8), 0, 0.0)
    for side in (40, 400):
        crop = crop_person(frame, Box(-side / 2, -side / 2, side / 2, side / 2), 32)
        assert (crop.image[:14, :14] == 0).all()
        assert (crop.image[18:20, 18:20] > 100).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 501), (7, 2), (333, 111)])
@pytest.mark.parametrize("side", [0.0, 3.3, 90.0, 5000.0])
def test_odd_frames_and_boxes_give_a_crop(shape, side):
    frame = Frame(np.full((*shape, 3), 9, np.uint8), 0, 0.0)
    for x0 in (-1e4, -1.0, 0.5, 1e4):
        assert crop_person(frame, Box(x0, 0, x0 + side, side), 64).image.shape == (64, 64, 3)


def test_a_rectangle_becomes_the_square_of_its_longer_side():
    frame = Frame(np.zeros((100, 100, 3), np.uint8), 0, 0.0)
    crop = crop_person(frame, Box(40, 10, 60, 90), 16)
    assert crop.frame_from_crop == pytest.approx(np.array([[5, 0, 10], [0, 5, 10]]))


def test_the_tensor_is_rgb_and_normalised():
    image = np.zeros((256, 256, 3), np.uint8)
    image[...] = (0, 51, 255)  # BGR
    crop = Crop(image, np.eye(2, 3, dtype=np.float32))
    unit = to_tensor([crop, crop], models.find("sspnet-lite"))
    assert unit.shape == (2, 3, 256, 256)
    assert unit.dtype == np.float32
    assert unit.flags.c_contiguous
    assert unit[1, :, 7, 9] == pytest.approx([1.0, 0.2, 0.0])
    signed = to_tensor([crop], models.find("sspnet"))
    assert signed[0, :, 0, 0] == pytest.approx([1.0, -0.6, -1.0])


def test_no_crops_give_an_empty_tensor():
    assert to_tensor([], models.find("sspnet")).shape == (0, 3, 256, 256)
