"""BlazePose heavy and full and MoveNet Thunder on real people, where their files are."""

import os
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.runtime.detectors import open_detector
from edge3dpose.runtime.sources import open_source
from edge3dpose.training.data import real_crops, real_labels
from edge3dpose.training.teacher import blazepose, movenet, teachers
from edge3dpose.types import Box, Frame

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
MODELS = SHARED / "data" / "models"
PHOTO = SHARED / "data" / "photos" / "tfjs_pose.jpg"
LIMBS = list(movenet.POINT_OF_JOINT)
COCO_MIRROR = [0, *(n + 1 if n % 2 else n - 1 for n in range(1, 17))]


@pytest.fixture(scope="module")
def three():
    for name in (*blazepose.SHA256, movenet.FILE):
        if not (MODELS / name).is_file():
            pytest.skip(f"the teacher's file is not at {MODELS / name}")
    return teachers.open_teachers(MODELS)


@pytest.fixture(scope="module")
def seen(three):
    """Some frames of the sample clip with the person's box."""
    detect = open_detector("blazepose")
    with_boxes = []
    source = open_source("sample")
    for n, frame in enumerate(source):
        if n % 16 == 0:
            with_boxes.append((frame, detect(frame)))
    source.close()
    return with_boxes


def labelled(seen, chosen):
    crops = [one for frame, boxes in seen for one in real_labels.people_in(frame, boxes, chosen)]
    return sum(int(np.isfinite(crop.pixels[:, 0]).sum()) for crop in crops)


def test_three_teachers_see_the_sample_clips_joints_in_one_place(three, seen):
    apart = []
    for frame, boxes in seen:
        opinions, _ = three.look(frame.image, boxes[0])
        assert len(opinions) == 3
        shoulders, hips = (opinions[0].pixels[pair].mean(0) for pair in ([11, 14], [1, 4]))
        torso = np.linalg.norm(shoulders - hips)
        apart.append(
            [
                np.linalg.norm(a.pixels[LIMBS] - b.pixels[LIMBS], axis=1) / torso
                for a, b in combinations(opinions, 2)
            ]
        )
    medians = np.median(np.array(apart), axis=(0, 2))
    assert medians.max() < 0.06, medians


def test_a_swapped_teacher_lowers_the_number_of_labels(three, seen):
    def swapped_thunder(image, roi):
        found = three.thunder(image, roi)
        return replace(found, pixels=found.pixels[COCO_MIRROR], score=found.score[COCO_MIRROR])

    def swapped_heavy(image, roi):
        found = three.heavy(image, roi)
        order = blazepose_mirror()
        return replace(found, pixels=found.pixels[order], visibility=found.visibility[order])

    all_three = labelled(seen, three)
    one_swapped = labelled(seen, replace(three, heavy=swapped_heavy))
    two_swapped = labelled(seen, replace(three, heavy=swapped_heavy, thunder=None))
    assert all_three > one_swapped > two_swapped
    assert two_swapped == 0
    assert labelled(seen, replace(three, thunder=swapped_thunder)) < all_three


def blazepose_mirror():
    from edge3dpose.training.teacher import convention

    return convention.mirrored_landmarks()


def test_movenet_turns_with_the_picture(three):
    image = cv2.imread(str(PHOTO))
    if image is None:
        pytest.skip(f"the photo is not at {PHOTO}")
    whole = Box(0, 0, image.shape[1], image.shape[0])
    _, roi = three.look(image, whole)
    first = three.thunder(image, roi)
    x, y = roi.centre_px
    around = blazepose.Roi((image.shape[0] - y, x), roi.side_px, roi.angle_rad + np.pi / 2)
    again = three.thunder(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), around)
    back = np.stack([again.pixels[:, 1], image.shape[0] - again.pixels[:, 0]], axis=1)
    assert np.linalg.norm(back - first.pixels, axis=1).max() < 0.01 * roi.side_px
    mirrored = blazepose.Roi((image.shape[1] - x, y), roi.side_px, -roi.angle_rad)
    again = three.thunder(np.ascontiguousarray(image[:, ::-1]), mirrored)
    back = again.pixels[COCO_MIRROR] * [-1, 1] + [image.shape[1], 0]
    sure = first.score > teachers.MOVENET_SURE
    bias = np.median((back - first.pixels)[sure, 0]) / roi.side_px
    assert abs(bias) < 0.01  # no half cell between the corner that we count from and its own


def test_a_labels_file_names_all_teachers(three, tmp_path):
    image = cv2.imread(str(PHOTO))
    if image is None:
        pytest.skip(f"the photo is not at {PHOTO}")
    photos = tmp_path / "photos"
    photos.mkdir()
    cv2.imwrite(str(photos / "a.png"), image)
    folder = tmp_path / "teachers"
    folder.mkdir()
    for name in blazepose.SHA256:
        shutil.copy(MODELS / name, folder / name)
    lines = []
    file = tmp_path / "real.npz"
    assert real_labels.label_sources([photos], MODELS, file, lines.append) == 1
    assert real_crops.teachers(file) == [
        *(f"{name} {sha256}" for name, sha256 in blazepose.SHA256.items()),
        f"{movenet.FILE} {movenet.SHA256}",
    ]
    assert not any("two teachers" in line for line in lines)
    assert real_labels.label_sources([photos], folder, file, lines.append) == 1
    assert [one.split()[0] for one in real_crops.teachers(file)] == list(blazepose.SHA256)
    assert any("no movenet-thunder.onnx" in line for line in lines)
    (folder / movenet.FILE).write_text("no network")
    file.unlink()
    with pytest.raises(BadInput, match=r"movenet-thunder\.onnx is another file"):
        real_labels.label_sources([photos], folder, file, lines.append)
    assert not file.exists()


def test_nobody_in_an_empty_picture(three):
    empty = np.full((300, 200, 3), 127, np.uint8)
    assert three.look(empty, Box(0, 0, 200, 300)) is None
    assert real_labels.people_in(Frame(empty, 0, 0.0), [Box(0, 0, 200, 300)], three) == []
