"""Cameras that others measured: OpenCV's YAML, ROS's camera_info; strangers' files do no harm."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from edge3dpose.camera import open_lens, project
from edge3dpose.errors import BadInput
from edge3dpose.intrinsics import content_of, read_intrinsics
from edge3dpose.types import Camera

MATRIX = [905.25, 0.0, 641.0, 0.0, 904.75, 358.5, 0.0, 0.0, 1.0]
BROWN = [0.05, -0.12, 1e-5, -2e-4, 0.03]
ROS = """image_width: 1280
image_height: 720
camera_name: head
camera_matrix:
  rows: 3
  cols: 3
  data: [905.25, 0, 641.0, 0, 904.75, 358.5, 0, 0, 1]
distortion_model: {model}
distortion_coefficients:
  rows: 1
  cols: {count}
  data: {lens}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
"""
ROS_MESSAGE = """header: {{stamp: {{secs: 0}}, frame_id: head}}
height: 720
width: 1280
distortion_model: plumb_bob
{d}: [0.05, -0.12, 1e-05, -2e-04, 0.03]
{k}: [905.25, 0.0, 641.0, 0.0, 904.75, 358.5, 0.0, 0.0, 1.0]
"""


def opencv_file(path, lens, **more):
    """A file as cv2.FileStorage writes it."""
    file = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    file.write("calibration_time", "Tue 1 Jan 2030")
    for name, value in {"image_width": 1280, "image_height": 720, **more}.items():
        file.write(name, value)
    file.write("camera_matrix", np.reshape(MATRIX, (3, 3)))
    file.write("distortion_coefficients", np.array([lens]).T)
    file.release()
    return path


def mounted(tmp_path, matrix, **more):
    """The camera of a file with a place in the world."""
    file = tmp_path / "camera.json"
    plain = {"size": [1280, 720], "focal_px": [900, 900], "centre_px": [640, 360]}
    file.write_text(json.dumps({**plain, "camera_to_world_mm": matrix, **more}))
    return read_intrinsics(file)[0]


def test_a_place_in_the_world_says_where_up_and_the_floor_are(tmp_path):
    tilt = np.radians(30)  # 2.4 m up, looking along the world's y and down
    right, down = [1, 0, 0], [0, -np.sin(tilt), -np.cos(tilt)]
    ahead = [0, np.cos(tilt), -np.sin(tilt)]
    turn = np.array([right, down, ahead]).T
    matrix = np.column_stack([turn, [500, -300, 2400]])
    for given in (matrix.tolist(), [*matrix.tolist(), [0, 0, 0, 1]], matrix.ravel().tolist()):
        camera = mounted(tmp_path, given)
        assert camera.up == pytest.approx((0, -np.cos(tilt), -np.sin(tilt)))
        assert camera.above_floor_mm == 2400
    y_up = mounted(tmp_path, matrix[[1, 2, 0]].tolist(), world_up="y")
    assert y_up.up == pytest.approx(camera.up)
    assert open_lens(intrinsics=tmp_path / "camera.json")(640, 360).up == pytest.approx(camera.up)
    file = opencv_file(tmp_path / "a.yml", BROWN, camera_to_world_mm=matrix)
    assert read_intrinsics(file)[0].up == pytest.approx(camera.up)
    for wrong, words in (
        ((matrix * [1, 1, 1, -1]).tolist(), "below the floor; wanted camera to world"),
        ((matrix * 2).tolist(), "no rotation"),
        ([1, 2, 3], "wanted 12 or 16 numbers"),
        ("here", "wanted 12 or 16 numbers"),
        ([[float("1e9")] * 4] * 3, "wanted 12 or 16 numbers"),
    ):
        with pytest.raises(BadInput, match=words):
            mounted(tmp_path, wrong)
    with pytest.raises(BadInput, match="world_up is 'up'; wanted one of z, y"):
        mounted(tmp_path, matrix.tolist(), world_up="up")


def check(camera, size, lens, *, fisheye=False):
    assert size == (1280, 720)
    assert camera.focal_px == pytest.approx((905.25, 904.75))
    assert camera.centre_px == pytest.approx((641.5, 359.0))  # from centres to corners of pixels
    assert camera.distortion == pytest.approx(tuple(lens))
    assert camera.fisheye is fisheye


@pytest.mark.parametrize(
    ("lens", "kept"),
    [(BROWN, 5), (BROWN[:4], 4), ([*BROWN, 0.1, 0.2, 0.3], 8), ([*BROWN, *[0] * 9], 5)],
)
def test_opencvs_file(tmp_path, lens, kept):
    camera, size = read_intrinsics(opencv_file(tmp_path / "a.yml", [float(k) for k in lens]))
    found = camera.distortion
    check(camera, size, [*lens[:kept], *[0] * (len(found) - kept)])


def test_opencvs_file_of_a_fisheye(tmp_path):
    lens = [0.02, -0.01, 0.003, -0.001]
    file = opencv_file(tmp_path / "a.yaml", lens, fisheye_model=1)
    camera, size = read_intrinsics(file)
    check(camera, size, lens, fisheye=True)
    rng = np.random.default_rng(0)
    points = rng.uniform((-900, -700, 300), (900, 700, 900), (50, 3))
    theirs, _ = cv2.fisheye.projectPoints(
        points[:, None], np.zeros(3), np.zeros(3), np.reshape(MATRIX, (3, 3)), np.array(lens)
    )
    assert project(points, camera) - 0.5 == pytest.approx(theirs[:, 0], abs=1e-6)


def test_the_rational_lens_is_opencvs():
    lens = (5.1, 1.2, 1e-4, -2e-4, 0.03, 5.4, 2.3, 0.2)
    points = np.random.default_rng(2).uniform((-900, -700, 900), (900, 700, 3000), (50, 3))
    theirs, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), np.reshape(MATRIX, (3, 3)), np.array(lens)
    )
    camera = Camera((905.25, 904.75), (641.0, 358.5), lens)
    assert project(points, camera) == pytest.approx(theirs[:, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("model", "lens"),
    [
        ("plumb_bob", BROWN),
        ("rational_polynomial", [*BROWN, 0.1, 0.2, 0.3]),
        ("equidistant", [0.02, -0.01, 0.003, -0.001]),
    ],
)
def test_camera_info_of_ros(tmp_path, model, lens):
    file = tmp_path / "head.yaml"
    file.write_text(ROS.format(model=model, count=len(lens), lens=lens))
    check(*read_intrinsics(file), lens, fisheye=model == "equidistant")


@pytest.mark.parametrize(("d", "k"), [("D", "K"), ("d", "k")])
def test_a_camera_info_message_as_ros_prints_it(tmp_path, d, k):
    file = tmp_path / "info.txt"
    file.write_text(ROS_MESSAGE.format(d=d, k=k))
    check(*read_intrinsics(file), BROWN)


@pytest.mark.parametrize("fisheye", [False, True])
def test_what_is_written_is_read(tmp_path, fisheye):
    lens = (0.05, -0.12, 1e-5, -2e-4, *(() if fisheye else (0.03,)))
    camera = Camera((905.25, 904.75), (641.5, 359.0), lens, fisheye=fisheye)
    file = tmp_path / "camera.json"
    file.write_text(json.dumps(content_of(camera, (1280, 720), error_px=0.2)))
    check(*read_intrinsics(file), lens, fisheye=fisheye)
    half = open_lens(intrinsics=file)(640, 360)
    assert half.focal_px == pytest.approx((905.25 / 2, 904.75 / 2))
    assert half.fisheye is fisheye


GOOD = {"size": [1280, 720], "focal_px": [900, 900], "centre_px": [640, 360]}
BOMB = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "it has aliases"),
        ("a: " + "[" * 5000, "is not YAML"),
        ("camera_matrix: !!python/object/apply:os.system [ls]", "is not YAML"),
        ("camera_matrix: {data: [1, 2]}\nimage_width: 3", "focal_px is None"),
        ("just: words", "focal_px is None"),
        ("- a: 1", "wanted a mapping"),
        (ROS.format(model="omni", count=5, lens=BROWN), "distortion_model is 'omni'"),
        (ROS.format(model="plumb_bob", count=3, lens=[1, 2, 3]), "4 or 5 or 8 numbers"),
        (ROS.format(model="equidistant", count=5, lens=BROWN), "distortion is"),
        (ROS.format(model="plumb_bob", count=5, lens="[.nan, 0, 0, 0, 0]"), "distortion is"),
        (ROS.replace("905.25", "1e30").format(model="", count=5, lens=BROWN), "focal_px is"),
        (json.dumps({**GOOD, "focal_px": [0.9, 0.9]}), "focal_px is"),
        (json.dumps({**GOOD, "focal_px": [True, True]}), "focal_px is"),
        (json.dumps({**GOOD, "centre_px": [-90000, 1]}), "centre_px is"),
        (json.dumps({**GOOD, "size": [1e300, 10]}), "size is"),
        (json.dumps({**GOOD, "distortion": [1e30, 0, 0, 0]}), "distortion is"),
        (json.dumps({**GOOD, "fisheye": "yes"}), "fisheye is 'yes'"),
        (json.dumps(GOOD).replace("640", "1" + "0" * 400), "centre_px[0] is"),
        ("x: " + "y" * (2 << 20), "bytes, wanted one camera"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_file_of_something_else_is_one_line(tmp_path, text, words):
    file = tmp_path / "camera.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadInput) as caught:
        read_intrinsics(file)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
