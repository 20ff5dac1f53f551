"""Joints -> a posed skeleton: forward kinematics gives the joints, twist never flips."""

import os
from pathlib import Path

import moving
import numpy as np
import pytest

from edge3dpose import rotations
from edge3dpose.kinematics import LiveRig, PosedSkeleton, Poser, axes, rig_of_joints
from edge3dpose.kinematics.posed import MAX_TWIST_DEG_S, y_up
from edge3dpose.kinematics.rig import adult_rig, rig_of_lengths
from edge3dpose.shape.skeleton import BONE_NAMES, BONES

SHARED = Path(os.environ.get("EDGE3DPOSE_SHARED", Path(__file__).parents[3] / "shared"))


def turned_deg(turns):
    """Degrees between neighbouring frames of turns (F, ..., 4)."""
    cosine = np.abs((turns[1:] * turns[:-1]).sum(-1))
    return np.degrees(2 * np.arccos(np.minimum(cosine, 1)))


def off_mm(posed, joints, root=0.0):
    return np.linalg.norm(posed.joints_mm() - y_up(joints + np.asarray(root)), axis=-1)


@pytest.fixture(scope="module")
def person():
    """Times, joints and skeleton of a person who moves for 20 s."""
    joints = moving.joints_mm(np.random.default_rng(2), moving.stick_rig(), 600)
    time_s = np.arange(600) / 30
    return time_s, joints, rig_of_joints(time_s, joints, np.ones((600, 17)))


def test_the_rest_pose_stands_in_a_t(person):
    rig = adult_rig()
    assert 1600 < rig.height_mm < 1800
    still = np.tile(rotations.IDENTITY, (1, len(BONES), 1))
    rest = PosedSkeleton(rig, np.zeros((1, 3)), still, still)
    by_name = dict(zip(BONE_NAMES, rest.heads_mm()[0], strict=True))
    assert by_name["left_hand"][0] > 600  # the left is at +x
    assert by_name["left_hand"][1] == pytest.approx(by_name["right_upper_arm"][1])
    assert by_name["right_foot"][1] < -800
    # and posing its joints gives it back
    joints = rest.joints_mm()[0] * [1, -1, -1]
    posed = Poser().pose(rig, [0.0], joints[None])
    assert posed.local[0] == pytest.approx(still[0], abs=1e-6)
    assert rig_of_lengths(rig.lengths_mm).scaled(0.5).height_mm == pytest.approx(rig.height_mm / 2)


def test_forward_kinematics_gives_the_joints(person):
    time_s, joints, rig = person
    posed = Poser().pose(rig, time_s, joints, np.full((600, 3), [100, -200, 3000.0]))
    off = off_mm(posed, joints, [100, -200, 3000.0])
    assert np.median(off) < 25
    assert np.quantile(off, 0.95) < 60
    assert np.linalg.norm(posed.local, axis=-1) == pytest.approx(1)


def test_frame_by_frame_is_the_same_as_all_at_once(person):
    time_s, joints, rig = person
    whole, poser = Poser().pose(rig, time_s, joints), Poser()
    for n in range(100):
        one = poser.pose(rig, time_s[n : n + 1], joints[n : n + 1])
        assert one.local[0] == pytest.approx(whole.local[n], abs=1e-9)


def test_a_raised_bent_arm_shows_its_twist():
    """Upper arm out to the side, forearm up: the upper arm is turned back by a quarter."""
    rig = adult_rig()
    still = Poser().pose(rig, [0.0], _rest_joints(rig))
    joints = still.joints_mm()[0] * [1, -1, -1]
    elbow, wrist = 12, 13
    joints[wrist] = joints[elbow] + [0, -250, 0]
    posed = Poser().pose(rig, np.arange(60) / 30, np.tile(joints, (60, 1, 1)))
    arm = posed.world[-1, BONE_NAMES.index("left_upper_arm")]
    assert rotations.rotate(arm, np.array([0.0, 0, 1.0])) == pytest.approx([0, 1, 0], abs=0.1)
    assert np.median(off_mm(posed, joints)) < 1


def _rest_joints(rig):
    still = np.tile(rotations.IDENTITY, (1, len(BONES), 1))
    return PosedSkeleton(rig, np.zeros((1, 3)), still, still).joints_mm() * [1, -1, -1]


def test_an_arm_that_circles_never_flips():
    """Through every direction, also opposite to the rest pose, with a noisy elbow."""
    rig, rng = adult_rig(), np.random.default_rng(0)
    joints = np.tile(_rest_joints(rig), (1200, 1, 1))
    turn = np.arange(1200) / 30 * 2
    direction = np.stack([np.cos(turn), np.sin(turn * 0.7), np.sin(turn)], -1)
    direction /= np.linalg.norm(direction, axis=-1, keepdims=True)
    bent = direction + rng.normal(size=(1200, 3)) * 0.05
    for shoulder in (11, 14):
        joints[:, shoulder + 1] = joints[:, shoulder] + 260 * direction
        joints[:, shoulder + 2] = joints[:, shoulder + 1] + 230 * bent
    _check_no_flip(Poser().pose(rig, np.arange(1200) / 30, joints), 30.0)


def test_a_gap_and_a_live_person(person):
    time_s, joints, _ = person
    live, poser = LiveRig(height_mm=1800.0), Poser()
    for n in [*range(120), *range(200, 260)]:
        rig = live.add(time_s[n], joints[n], np.ones(17))
        posed = poser.pose(rig, time_s[n : n + 1], joints[n : n + 1])
        assert np.isfinite(posed.local).all()
    assert live.rig.height_mm == pytest.approx(1800)
    before = live.rig
    assert live.add(100.0, joints[300] * 2, np.ones(17)) is before  # it is fixed by then


def _check_no_flip(posed, fps):
    """A bone turns by no more than its direction, its parent and the limit of the twist allow."""
    for n, bone in enumerate(BONES):
        turned = turned_deg(posed.local[:, n])
        if bone.tail is None or bone.parent < 0:
            continue
        swing = rotations.rotate(posed.local[:, n], posed.rig.tips_mm[n])
        cosine = (swing[1:] * swing[:-1]).sum(-1) / (swing[0] @ swing[0])
        direct = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
        if bone.name == "chest":
            assert turned.max() < 90
            continue
        carried = bone.name.split("_")[-1] in ("arm", "forearm", "thigh", "shin")
        most = MAX_TWIST_DEG_S / fps + 1e-3 if carried else direct + 1e-3
        assert (turned - direct).max() <= np.max(most), bone.name


def test_no_flip_in_minutes_of_captured_motion():
    file = SHARED / "data/mocap/cmu_segments_f16.npz"
    if not file.is_file():
        pytest.skip("the development data are not here: data/mocap/cmu_segments_f16.npz")
    content = np.load(file)
    body = moving.stick_rig()
    for clip in np.argsort(-np.diff(content["start"]))[:12]:
        start, end = content["start"][clip], content["start"][clip + 1]
        world = rotations.unit(content["quat"][start:end].astype(float))[..., [3, 0, 1, 2]]
        joints = 1000 * body.joints_over_time(world) * [1, -1, -1]
        time_s = np.arange(end - start) / content["fps"][clip]
        joints = joints - joints[:, :1]
        rig = rig_of_joints(time_s, joints, np.ones(joints.shape[:2]))
        posed = Poser().pose(rig, time_s, joints)
        _check_no_flip(posed, content["fps"][clip])
        assert np.median(off_mm(posed, joints)) < 25
        # some captured bodies jump themselves
        assert turned_deg(posed.local).max() < max(60, turned_deg(world).max())


def test_the_hips_of_a_person_before_the_camera_are_at_rest():
    posed = Poser().pose(adult_rig(), [0.0], _rest_joints(adult_rig()))
    assert posed.world[0, 0] == pytest.approx(rotations.IDENTITY, abs=1e-6)
    unity = axes.find("unity").world_turns(posed.world[0, 0])
    assert abs(unity[2]) == pytest.approx(1)  # half a turn: an avatar at rest looks away
