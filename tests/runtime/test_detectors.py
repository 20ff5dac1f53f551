"""Finding people in real pictures, and following them by the rules."""

import math
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from followed import Finder, box_at, frame_at, pose_at
from standing import JOINTS_MM, SPEC, unit_pose

from edge3dpose import plugins
from edge3dpose.engine_types import Engine
from edge3dpose.errors import EngineMismatch
from edge3dpose.runtime.backends import openvino
from edge3dpose.runtime.detectors import blazepose, follow, open_detector
from edge3dpose.runtime.detectors.full_frame import FullFrame
from edge3dpose.runtime.estimator import Estimator
from edge3dpose.runtime.filters import open_all
from edge3dpose.runtime.roi import TrackedPose, body_scale, roi_from_pose
from edge3dpose.runtime.sources import open_source
from edge3dpose.runtime.tracking.search import Searcher
from edge3dpose.types import Frame


def test_the_folder_holds_the_documented_detectors():
    assert plugins.names("runtime.detectors") == (
        *("blazepose", "follow", "follow-blazepose"),
        *("full-frame", "nanodet"),
    )


def test_blazepose_finds_the_person_of_the_sample_with_the_pelvis_in_the_middle():
    detect = open_detector("blazepose")
    with closing(open_source("sample")) as source:
        frame = next(iter(source))
    (box,) = detect(frame)
    assert (box.x0 + box.x1) / 2 == pytest.approx(322, abs=25)  # looked up in the picture
    assert (box.y0 + box.y1) / 2 == pytest.approx(555, abs=40)
    assert 900 < box.x1 - box.x0 < 1250  # the person is 850 px tall, so 2.25 m are about 1100


@pytest.mark.skipif(not openvino.computes_bf16(), reason="this CPU does not compute in BF16")
def test_in_bf16_blazepose_finds_the_same_people():
    exact, half = open_detector("blazepose"), open_detector("blazepose", bf16=True)
    with closing(open_source("sample")) as source:
        frames = [frame for frame in source if frame.index % 20 == 0]
    for frame in [*frames, Frame(np.ascontiguousarray(np.rot90(frames[0].image)), 0, 0.0)]:
        wanted, found = exact(frame), half(frame)
        assert len(found) == len(wanted)
        for a, b in zip(wanted, found, strict=True):
            corners = [(box.x0, box.y0, box.x1, box.y1) for box in (a, b)]
            assert corners[1] == pytest.approx(corners[0], abs=(a.x1 - a.x0) / 40)
            assert b.angle_rad == pytest.approx(a.angle_rad, abs=0.03)
            assert b.score == pytest.approx(a.score, abs=0.02)


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_blazepose_turns_the_roi_with_a_person_who_lies(turns):
    with closing(open_source("sample")) as source:
        upright = next(iter(source))
    image = np.ascontiguousarray(np.rot90(upright.image, -turns))  # clockwise
    (box,) = open_detector("blazepose")(Frame(image, 0, 0.0))
    off = math.remainder(box.angle_rad - turns * math.pi / 2, math.tau)
    assert abs(off) < math.radians(15)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (480, 640), (1000, 37)])
def test_blazepose_finds_no_person_in_noise(shape):
    detect = open_detector("blazepose")
    noise = np.random.default_rng(0).integers(90, 120, (*shape, 3), np.uint8)
    assert detect(Frame(noise, 0, 0.0)) == []


def test_a_changed_detector_file_is_refused(monkeypatch, tmp_path):
    copy = tmp_path / "blazepose.onnx"
    copy.write_bytes(blazepose.FILE.read_bytes()[:-1])
    monkeypatch.setattr(blazepose, "FILE", copy)
    with pytest.raises(EngineMismatch, match="damaged"):
        open_detector("blazepose")


def test_the_full_frame_is_a_box_about_its_middle():
    (box,) = FullFrame()(frame_at(0))
    assert (box.x0, box.y0, box.x1, box.y1) == (0, -80, 640, 560)


def test_an_adult_in_a_fitting_roi_keeps_it_and_a_small_body_shrinks_it():
    fits = pose_at(300, 200, 400)
    assert body_scale(fits.pose.joints_mm) == pytest.approx(1, abs=0.06)
    small = roi_from_pose(pose_at(300, 200, 400, scale=0.9))
    kept = roi_from_pose(fits)
    assert (small.x1 - small.x0) / (kept.x1 - kept.x0) == pytest.approx(0.9, abs=0.01)
    assert (small.x0 + small.x1) / 2 == pytest.approx(300)


def turned(person, angle_rad):
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    pose = person.pose
    about = pose.pixels[0]
    pixels = (pose.pixels - about) @ np.array([[cos, sin], [-sin, cos]]) + about
    return TrackedPose(replace(pose, pixels=pixels.astype(np.float32)))


@pytest.mark.parametrize("angle_rad", [-1.5, 0.3, 3.0])
def test_the_roi_turns_with_the_trunk(angle_rad):
    box = roi_from_pose(turned(pose_at(300, 200, 400), angle_rad))
    assert box.angle_rad == pytest.approx(angle_rad, abs=0.05)
    assert (box.x0 + box.x1) / 2 == pytest.approx(300)


def test_a_trunk_that_points_at_the_camera_turns_nothing():
    pose = turned(pose_at(300, 200, 400), 1.5).pose
    pixels = pose.pixels.copy()
    pixels[8] = pixels[0] + (pixels[8] - pixels[0]) * 0.02
    assert abs(roi_from_pose(TrackedPose(replace(pose, pixels=pixels))).angle_rad) < 0.2


def open_follower(finder):
    return follow.FollowAnew(Searcher(finder)).for_source(related=True)


class Says(Engine):
    """An engine that always says the same."""

    def __init__(self, pose):
        self.pose, self.people = pose, 0

    def __call__(self, images):
        self.people += len(images)
        return np.repeat(self.pose[None], len(images), axis=0)


def test_the_estimator_gives_a_person_an_id_a_place_and_millimetres():
    engine = Says(unit_pose())
    estimate = Estimator(
        SPEC,
        engine,
        follow.FollowAnew(Searcher(Finder(box_at(320, 240, 400)))).for_source(related=True),
    )
    (pose,) = estimate(frame_at(0.0))
    assert engine.people == 2  # a new person is inferred twice
    assert pose.track_id == 0
    assert pose.pixels[0] == pytest.approx([320, 240], abs=0.1)
    # perspective: what lies farther from the camera than the pelvis comes out a little larger
    assert pose.joints_mm == pytest.approx(JOINTS_MM, abs=15)
    (again,) = estimate(frame_at(0.1))
    assert engine.people == 3
    assert again.track_id == 0


def test_the_estimator_gives_no_person_where_the_network_is_not_sure():
    estimate = Estimator(
        SPEC,
        Says(unit_pose(score=0.1)),
        follow.FollowAnew(Searcher(Finder(box_at(320, 240, 400)))).for_source(related=True),
    )
    assert estimate(frame_at(0.0)) == []


def test_joints_that_the_frame_does_not_show_are_marked_and_do_not_count():
    """Somebody at a desk: the frame ends at the waist."""
    finder = Finder(box_at(320, 480, 400))
    estimate = Estimator(SPEC, Says(unit_pose()), open_follower(finder))
    (pose,) = estimate(frame_at(0.0))
    below = pose.pixels[:, 1] > 480
    assert 4 < below.sum() < 12
    assert pose.outside.tolist() == below.tolist()
    (told,) = open_all({"lift": "none", "smooth": False})[-1](frame_at(0.0), [pose])
    assert (told.score[below] <= 0.02).all()
    far = np.minimum(pose.pixels, [640, 480] - pose.pixels).min(-1) > 0.3 * 400
    assert told.score[far] == pytest.approx(pose.score[far], abs=0.01)
    assert (told.score[~below] <= pose.score[~below] + 1e-6).all()  # lower near the border
    assert pose.mean_score == pytest.approx(0.9)
    # the answer is that of a crop on the axis, and this one lies 23 degrees off it: not quite 1
    assert body_scale(pose.joints_mm, pose.outside) == pytest.approx(1, abs=0.15)
    for n in range(1, 4):
        assert len(estimate(frame_at(n / 30))) == 1


def test_the_estimator_times_its_stages():
    estimate = Estimator(SPEC, Says(unit_pose()), FullFrame())
    estimate(frame_at(0.0))
    assert estimate.clock.stages() == ["detect", "preprocess", "engine", "lift", "track"]
    assert (estimate.clock.seconds("preprocess") > 0).all()
    assert len(estimate.clock.seconds("never")) == 0
