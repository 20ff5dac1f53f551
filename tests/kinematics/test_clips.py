"""The whole way on real clips: forward kinematics, twist, the floor, repetitions counted by eye."""

import os
from pathlib import Path

import numpy as np
import pytest
import standing

import edge3dpose
from edge3dpose.errors import BadInput
from edge3dpose.kinematics import Poser, rig_of_joints
from edge3dpose.kinematics.floor import floor_of
from edge3dpose.kinematics.posed import y_up
from edge3dpose.tracks import Track, read_track

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))


def poses_of(source, folder):
    """A poses file of a clip, with the usual pipeline."""
    file = folder / "poses.jsonl"
    with edge3dpose.PoseEstimator(cut=7, precision="fp32") as pose:
        pose.run(source, outputs={"jsonl": file})
    return file


def opencap(name):
    file = SHARED / f"data/truth/opencap/{name}.mp4"
    if not file.is_file():
        pytest.skip(f"the development data are not here: data/truth/opencap/{name}.mp4")
    return str(file)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample: a woman squats twice, and begins a third time before the clip ends."""
    return poses_of("sample", tmp_path_factory.mktemp("sample"))


def check_skeleton(file, fps):
    track, _ = read_track(file)
    rig = rig_of_joints(track.time_s, track.joints_mm, track.score)
    posed = Poser().pose(rig, track.time_s, track.joints_mm, track.root_mm)
    joints = y_up(track.joints_mm + track.root_mm[:, None])
    off = np.linalg.norm(posed.joints_mm() - joints, axis=-1)
    assert np.median(off) < 25
    assert np.quantile(off, 0.95) < 40
    turned = np.abs((posed.local[1:] * posed.local[:-1]).sum(-1))
    most_deg = 60 if fps < 10 else 25
    assert np.degrees(2 * np.arccos(np.minimum(turned, 1))).max() < most_deg


def test_the_skeleton_of_the_sample_lies_on_its_joints(sample):
    check_skeleton(sample, 5)


def test_a_camera_that_was_measured_in_the_room_sets_the_floor():
    still = Track(
        *(1, np.arange(20) / 10, np.repeat(standing.JOINTS_MM[None], 20, 0)),
        *(np.full((20, 3), np.nan, np.float32), np.ones((20, 17), np.float32)),
    )
    up = [0.1, -0.9, -float(np.sqrt(1 - 0.82))]
    floor = floor_of([still], header={"camera": {"up": up, "above_floor_mm": 2100.0}})
    assert floor.up == pytest.approx(up)
    assert floor.camera_mm == 2100
    assert "measured camera" in floor.text
    assert floor.turn @ floor.up == pytest.approx([0, -1, 0])
    assert floor_of([still], 0.0, {"camera": {"up": up}}).up == pytest.approx([0, -1, 0])
    assert "estimated" in floor_of([still], header={"camera": {"focal_px": [1, 1]}}).text
    for wrong in ([0, 0, 0], [0, -1], "up", [0, -1, None], [0, -1, True], [0, 1e300, 0]):
        with pytest.raises(BadInput, match="no direction and height"):
            floor_of([still], header={"camera": {"up": wrong}})


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_camera_may_stand_on_its_side(side):
    turn = floor_of([], header={"camera": {"up": [side, 0, 0]}}).turn
    assert turn @ turn.T == pytest.approx(np.eye(3))
    assert turn @ [side, 0, 0] == pytest.approx([0, -1, 0])
    assert np.linalg.det(turn) == pytest.approx(1)


def test_the_floor_of_the_sample_is_estimated(sample):
    floor = floor_of([read_track(sample)[0]])
    assert floor.how == "estimated from people who stand"
    assert abs(floor.pitch_deg) < 15
    assert abs(floor.roll_deg) < 8
    assert 500 < floor.camera_mm < 2000


def test_the_squats_of_the_sample_are_counted(sample):
    """By eye: she stands again in frames 17 and 41 of 65, and is on her way up in the last."""
    counted = edge3dpose.count_repetitions(sample, "squat")
    assert (counted.count, counted.begun) == (2, True)
    assert counted.ends_s == pytest.approx([3.4, 8.2], abs=0.5)
    assert edge3dpose.count_repetitions(sample, "left_knee<110,>155").count == 2


@pytest.mark.slow
def test_a_squat_with_motion_capture_is_counted_and_lies_on_its_joints(tmp_path):
    """By eye: five, the last of which ends 0.3 s before the clip."""
    file = poses_of(opencap("squat"), tmp_path)
    counted = edge3dpose.count_repetitions(file, "squat")
    assert (counted.count, counted.begun) == (5, False)
    check_skeleton(file, 60)


@pytest.mark.slow
def test_a_walk_with_motion_capture_lies_on_its_joints(tmp_path):
    check_skeleton(poses_of(opencap("walk"), tmp_path), 60)


@pytest.mark.slow
def test_the_gait_of_a_walker_in_the_street(tmp_path):
    """By eye: her legs are widest in the frames below, of 30 a second."""
    file = SHARED / "data/videos/sports2d_demo.mp4"
    if not file.is_file():
        pytest.skip("the development data are not here: data/videos/sports2d_demo.mp4")
    poses = poses_of(str(file), tmp_path)
    found = []
    for track_id in range(3):
        try:
            options = edge3dpose.AnalysisOptions(track_id=track_id)
            found.append(edge3dpose.gait(poses, options))
        except edge3dpose.errors.BadInput:
            continue
    walk = min(found, key=lambda gait: gait.asymmetry(gait.step_s))
    assert walk.cadence == pytest.approx(98, abs=8)
    assert walk.steps == 7
    seen = np.array([64, 82, 100, 118, 136, 154, 172, 190]) / 30
    assert [contact.time_s for contact in walk.contacts] == pytest.approx(seen, abs=0.15)
