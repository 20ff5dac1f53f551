"""Space to pixels and back, and cameras from angles and files."""

import json
import os
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.camera import back_project, camera_from_fov, open_lens, project
from edge3dpose.errors import BadInput
from edge3dpose.types import Camera

WIDE = Camera((600.0, 605.0), (322.0, 238.0), (-0.28, 0.09, 0.0007, -0.0004, -0.01))
SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[2] / "shared"))


def test_a_point_on_the_axis_lands_on_the_centre():
    assert project(np.array([0.0, 0.0, 3000.0]), WIDE) == pytest.approx([322.0, 238.0])


def test_right_is_right_and_down_is_down():
    camera = camera_from_fov(60, 640, 480)
    u, v = project(np.array([100.0, 50.0, 1000.0]), camera)
    assert (u, v) == pytest.approx((320 + 55.4256, 240 + 27.7128), abs=1e-3)


def test_projection_equals_opencv():
    points = np.random.default_rng(2).uniform((-900, -700, 2500), (900, 700, 6000), (50, 3))
    matrix = np.array([[600, 0, 322], [0, 605, 238], [0, 0, 1.0]])
    theirs, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), matrix, np.array(WIDE.distortion)
    )
    assert project(points, WIDE) == pytest.approx(theirs[:, 0], abs=1e-6)


def test_back_projection_undoes_a_distorting_lens():
    rng = np.random.default_rng(5)
    points = np.stack([rng.uniform(-900, 900, 200), rng.uniform(-700, 700, 200)], axis=-1)
    points = np.concatenate([points, rng.uniform(2500, 6000, (200, 1))], axis=-1)
    pixels = project(points, WIDE)
    again = back_project(pixels, points[:, 2], WIDE)
    assert np.abs(project(again, WIDE) - pixels).max() < 0.01
    assert np.abs(again - points).max() < 0.1  # mm


def test_the_field_of_view_spans_the_longer_side():
    wide, tall = camera_from_fov(90, 1280, 720), camera_from_fov(90, 720, 1280)
    assert wide.focal_px[0] == pytest.approx(640)
    assert tall.focal_px == wide.focal_px
    assert tall.centre_px == (360, 640)


def test_without_a_word_the_camera_is_marked_as_assumed():
    assert open_lens()(640, 480).assumed
    assert not open_lens(fov_deg=70)(640, 480).assumed


@pytest.mark.parametrize("angle", [0, -3, 180, float("nan")])
def test_an_impossible_angle_is_refused(angle):
    with pytest.raises(BadInput, match="--fov"):
        open_lens(fov_deg=angle)


def test_intrinsics_follow_the_size_of_the_frames(tmp_path):
    file = tmp_path / "camera.json"
    file.write_text(
        json.dumps({"focal_px": [1200, 1210], "centre_px": [970, 530], "size": [1920, 1080]})
    )
    camera = open_lens(intrinsics=file)(960, 540)
    assert camera.focal_px == pytest.approx((600, 605))
    assert camera.centre_px == pytest.approx((485, 265))
    with pytest.raises(BadInput, match="another shape"):
        open_lens(intrinsics=file)(640, 480)
    with pytest.raises(BadInput, match="give one of them"):
        open_lens(60, file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not an intrinsics file"),
        ("[1, 2]", "holds a JSON list"),
        ('{"centre_px": [1, 2], "size": [3, 4]}', "focal_px is None"),
        ('{"focal_px": [0, 5], "centre_px": [1, 2], "size": [3, 4]}', "2 positive numbers"),
        ('{"focal_px": [5, 5], "centre_px": ["a", 2], "size": [3, 4]}', "centre_px"),
        (
            '{"focal_px": [5, 5], "centre_px": [1, 2], "size": [3, 4], "distortion": [1, 2]}',
            "4 or 5 or 8 numbers",
        ),
    ],
)
def test_a_bad_intrinsics_file_is_one_clear_line(tmp_path, text, words):
    file = tmp_path / "camera.json"
    file.write_text(text)
    with pytest.raises(BadInput, match=words) as caught:
        open_lens(intrinsics=file)
    assert "\n" not in str(caught.value)


def test_a_missing_intrinsics_file_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"no intrinsics file .*gone\.json"):
        open_lens(intrinsics=tmp_path / "gone.json")


class _NumpyOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if module.split(".")[0] not in {"numpy", "builtins", "_codecs"}:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return super().find_class(module, name)


@pytest.mark.skipif(not (SHARED / "data/truth/h36m").is_dir(), reason="no truth data beside")
def test_projection_equals_human36m_annotation():
    truth = np.load(SHARED / "data/truth/h36m/test_h36m_body3d.npz")
    with open(SHARED / "data/truth/h36m/cameras.pkl", "rb") as file:
        cameras = _NumpyOnly(file, encoding="latin1").load()
    values = cameras.values() if isinstance(cameras, dict) else cameras
    best = []
    for points, pixels in zip(truth["S"][..., :3] * 1000, truth["part"][..., :2], strict=True):
        errors = []
        for entry in values:
            k, p = np.ravel(entry["k"]), np.ravel(entry["p"])
            f, c = np.ravel(entry["f"]), np.ravel(entry["c"])
            camera = Camera(tuple(f), tuple(c), (k[0], k[1], p[0], p[1], k[2]))
            errors.append(np.abs(project(points, camera) - pixels).max())
        best.append(min(errors))
    # their tangential term lacks OpenCV's factor of two, worth a fifth of a pixel in the corners
    assert max(best) < 0.25
