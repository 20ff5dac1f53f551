"""The 2D teacher: its geometry anywhere, its answers where its file lies."""

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge3dpose.errors import BadInput
from edge3dpose.training.teacher import blazepose as teacher
from edge3dpose.types import Box

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))
HEAVY = SHARED / "data" / "models" / "pose_landmark_heavy.tflite"
PHOTO = SHARED / "data" / "photos" / "tfjs_pose.jpg"


@pytest.fixture(scope="module")
def look():
    if not HEAVY.is_file():
        pytest.skip(f"the teacher's file is not at {HEAVY}")
    return teacher.open_teacher(HEAVY)


def test_an_upright_roi_maps_its_corners_to_the_frame():
    roi = teacher.roi_of_box(Box(100, 50, 180, 250))
    assert roi.side_px == pytest.approx(250)
    corners = roi.frame_from_crop(256) @ np.array([[0, 0, 1], [256, 256, 1]]).T
    np.testing.assert_allclose(corners.T, [[15, 25], [265, 275]])


def test_a_turned_roi_has_its_up_where_it_was_turned_to():
    roi = teacher.Roi((100.0, 100.0), 80.0, math.pi / 2)  # up points to the right
    top = roi.frame_from_crop(256) @ [128, 0, 1]
    assert top == pytest.approx([140, 100])


def test_a_file_that_is_not_there_or_not_a_network_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"pose_landmark_heavy\.tflite"):
        teacher.open_teacher(tmp_path / "gone.tflite")
    (tmp_path / "text.tflite").write_text("no network")
    with pytest.raises(BadInput, match=r"text\.tflite"):
        teacher.open_teacher(tmp_path / "text.tflite")


def whole(image):
    return Box(0, 0, image.shape[1], image.shape[0])


def photo():
    image = cv2.imread(str(PHOTO))
    if image is None:
        pytest.skip(f"the photo is not at {PHOTO}")
    return image


def test_a_person_is_found_with_the_head_side_up(look):
    seen = teacher.landmarks_in_box(look, photo(), whole(photo()))
    pixels, visibility = seen.joints()
    assert visibility[[11, 14, 1, 4, 3, 6]].min() > 0.5
    assert np.isnan(pixels[[0, 7, 8, 9, 10]]).all()
    assert pixels[[11, 14], 1].max() < pixels[[1, 4], 1].min() < pixels[[2, 5], 1].min()


def test_a_turned_picture_in_a_turned_roi_gives_turned_landmarks(look):
    image = photo()
    roi = teacher.landmarks_in_box(look, image, whole(image)).next_roi
    seen = look(image, roi)
    x, y = roi.centre_px
    around = teacher.Roi((image.shape[0] - y, x), roi.side_px, roi.angle_rad + math.pi / 2)
    again = look(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), around)
    back = np.stack([again.pixels[:, 1], image.shape[0] - again.pixels[:, 0]], axis=1)
    assert np.linalg.norm(back - seen.pixels, axis=1).max() < 1.0
    assert again.next_roi.angle_rad - seen.next_roi.angle_rad == pytest.approx(
        math.pi / 2, abs=0.01
    )


def test_nobody_is_seen_in_an_empty_picture_and_a_lost_person_is_found_again(look):
    empty, image = np.full_like(photo(), 127), photo()
    asked = []

    def find(picture):
        asked.append(picture is empty)
        return whole(picture)

    seen = list(teacher.track(look, [image, image, empty, image], find))
    assert [one is not None for one in seen] == [True, True, False, True]
    assert asked == [False, True, False]  # first, lost, found again; not while following


def test_the_world_landmarks_turn_with_the_picture(look):
    image = photo()
    seen = teacher.landmarks_in_box(look, image, whole(image))
    turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
    x, y = seen.next_roi.centre_px
    angle = seen.next_roi.angle_rad + math.pi / 2
    roi = teacher.Roi((image.shape[0] - y, x), seen.next_roi.side_px, angle)
    again, upright = look(turned, roi), look(image, seen.next_roi)
    back = again.world_mm @ np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    assert np.linalg.norm(back - upright.world_mm, axis=1).max() < 20
    heights = upright.world_mm[:, 1]
    assert heights[[11, 12]].max() < -300  # y down: shoulders above the hips
    assert heights[[27, 28]].min() > 400


def test_a_peer_is_scored_on_those_whom_it_sees(look):
    from edge3dpose.evaluation.peers import open_peer, shown_to
    from edge3dpose.evaluation.predictions import Person, Poses
    from edge3dpose.training.teacher import convention
    from edge3dpose.types import Camera

    image = photo()
    side = min(image.shape[:2])
    truth = (convention.load() @ teacher.landmarks_in_box(look, image, whole(image)).world_mm)[None]
    lens = Camera((500.0, 500.0), (side / 2, side / 2))
    nobody = np.zeros_like(image)
    crowd = [Person(i, lens, 3000.0, truth[0], np.ones(17, bool)) for i in (image, nobody)]
    peer = open_peer(HEAVY)
    assert len(list(shown_to(crowd, [peer]))) == 2
    true = np.repeat(truth, 2, axis=0)
    off = true[None] + 10.0 * (np.arange(17) > 0)[:, None]
    depths = [true[:, 0, 2], true[None, :, 0, 2]]
    ours = Poses(off, np.ones((1, 2, 17)), true, np.ones((2, 17), bool), {}, *depths, off)
    errors = peer.errors(ours, 0, root=0)
    assert (errors.seen, errors.people) == (1, 2)
    assert errors.figures["mpjpe_mm"] < 1
    assert errors.ours_on_the_same["mpjpe16_mm"] == pytest.approx(10 * 3**0.5, abs=0.01)
